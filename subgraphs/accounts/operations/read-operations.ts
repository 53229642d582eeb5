import { handleForServices } from '../../../platform/commands/command';
import type { Services } from '../../../platform/subgraph';
import { readOperations, type OperationChange, type OperationClient } from '../messages';

/** Operations in one answer: with the longest texts, 10 MB. */
const PAGE = 200;

/** What has changed since a gateway last asked; a single statement if nothing has. */
export const readOperationsHandler = handleForServices(readOperations, async ({ db }: Services, { known, after }) => {
  // Before the rest: what changes in between is read once more the next time.
  const [row] = await db.rows<{ version: number }>('SELECT version FROM operation_registry');
  const version = row?.version ?? 0;
  if (version === known) return { version, changes: [], clients: null, more: false };
  const changes = await db.rows<OperationChange>(
    `SELECT o.hash, o.version, o.body, o.budget_per_minute AS "budgetPerMinute", o.killed_at IS NOT NULL AS killed,
            coalesce(array_agg(DISTINCT p.id) FILTER (WHERE p.retired_at IS NULL), '{}') AS ids,
            coalesce(array_agg(DISTINCT p.client) FILTER (WHERE p.retired_at IS NULL), '{}') AS clients
     FROM operation o LEFT JOIN published_operation p ON p.hash = o.hash
     WHERE (o.version, o.hash) > ($1, $2) GROUP BY o.hash ORDER BY o.version, o.hash LIMIT ${PAGE + 1}`,
    [after.version, after.hash],
  );
  const clients = await db.rows<OperationClient>(
    `SELECT name, api_client_id AS "apiClientId", safelist FROM operation_client WHERE api_client_id IS NOT NULL`,
  );
  return { version, changes: changes.slice(0, PAGE), clients, more: changes.length > PAGE };
});
