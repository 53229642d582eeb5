import { handleForServices } from '../../../platform/commands/command';
import type { Services } from '../../../platform/subgraph';
import { recordOperationUses } from '../messages';

/** Adds what a gateway has counted. Approximate: counts that were on their way when something died are lost, or stand twice. */
export const recordOperationUsesHandler = handleForServices(
  recordOperationUses,
  async ({ db, clock }: Services, { uses }) => {
    // Locked in one order: two gateways that send the same operations must not wait for each other.
    await db.rows(
      `WITH given AS (SELECT * FROM unnest($1::text[], $2::integer[]) AS given (hash, count)),
            locked AS (SELECT o.hash FROM operation o JOIN given USING (hash) ORDER BY o.hash FOR UPDATE OF o)
       UPDATE operation o SET uses = o.uses + given.count, last_used_at = $3
       FROM given JOIN locked USING (hash) WHERE o.hash = given.hash`,
      [uses.map(({ hash }) => hash), uses.map(({ count }) => count), clock.now()],
    );
    return {};
  },
);
