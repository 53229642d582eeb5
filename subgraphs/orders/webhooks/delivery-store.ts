/** Deliveries in the database: who may try one, and what came of it. Times of leases by the database's clock. */
import type { Database } from '../../../platform/db/database';
import { newUuid } from '../../../platform/ids';
import type { ToldEvent } from './message';
import { DISABLED_AFTER_MS, retryDelaySeconds, verdictOf, type Outcome } from './webhook.rules';

/** How long an attempt that is not heard of keeps others away, in seconds: longer than it may take. */
const LEASE_SECONDS = 30;
/** Attempts at one endpoint at once; while it fails, one, so that it keeps nobody else waiting. */
const AT_ONCE = 4;

/** An attempt that is to be made. Secrets and URL are sealed. */
export interface Attempt extends ToldEvent {
  id: string;
  endpointId: string;
  lease: string;
  /** This one included. */
  attempts: number;
  url: string;
  secret: string;
  previousSecret: string | null;
  previousSecretUntil: Date | null;
  /** Whether the endpoint's last attempt had failed. */
  failing: boolean;
}

/** Of active endpoints `e` those with deliveries that are due. */
const HAS_DUE = `e.status = 'ACTIVE' AND EXISTS (
  SELECT FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.status = 'PENDING' AND d.due_at <= now())`;

/** Whose deliveries are due; uuids. */
export async function ownersOfDue(db: Database): Promise<string[]> {
  const rows = await db.rows<{ id: string }>(
    `SELECT DISTINCT e.owner_id AS id FROM webhook_endpoint e WHERE ${HAS_DUE}`,
  );
  return rows.map(({ id }) => id);
}

/**
 * Takes deliveries of these owners that are due, each leased to one taker. One of an order waits until those of its earlier
 * events are over, so that a receiver meets an order's events in order.
 */
export async function takeDue(db: Database, owners: string[], limit: number, now: Date): Promise<Attempt[]> {
  const lease = newUuid();
  const [taken] = await db.manager.query<[(Omit<Attempt, 'position'> & { position: string })[], number]>(
    `WITH free AS (
       SELECT e.id, e.failing_since FROM webhook_endpoint e WHERE e.owner_id = ANY ($6) AND ${HAS_DUE} FOR UPDATE OF e SKIP LOCKED
     ), due AS (
       SELECT d.id FROM free e CROSS JOIN LATERAL (
         SELECT d.id, d.due_at FROM webhook_delivery d
         WHERE d.endpoint_id = e.id AND d.status = 'PENDING' AND d.due_at <= now() AND NOT EXISTS (
           SELECT FROM webhook_delivery b WHERE b.endpoint_id = d.endpoint_id AND b.order_id = d.order_id
             AND b.position < d.position AND b.status = 'PENDING')
         ORDER BY d.position FOR UPDATE OF d SKIP LOCKED
         LIMIT greatest(0, CASE WHEN e.failing_since IS NULL THEN $3 ELSE 1 END - (
           SELECT count(*) FROM webhook_delivery l
           WHERE l.endpoint_id = e.id AND l.status = 'PENDING' AND l.lease IS NOT NULL AND l.due_at > now()))
       ) d ORDER BY d.due_at LIMIT $1
     )
     UPDATE webhook_delivery d SET lease = $2, attempts = d.attempts + 1, attempted_at = $4,
       due_at = now() + make_interval(secs => $5)
     FROM due, webhook_endpoint e, order_event v, orders o
     WHERE d.id = due.id AND e.id = d.endpoint_id AND v.position = d.position AND o.id = d.order_id
     RETURNING d.id, d.endpoint_id AS "endpointId", d.lease, d.attempts, d.position, d.order_id AS "orderId",
       e.url, e.secret, e.previous_secret AS "previousSecret", e.previous_secret_until AS "previousSecretUntil",
       e.failing_since IS NOT NULL AS failing, v.type, v.status, v.occurred_at AS "occurredAt", o.number AS "orderNumber"`,
    [limit, lease, AT_ONCE, now, LEASE_SECONDS, owners],
  );
  return taken.map((row) => ({ ...row, position: BigInt(row.position) }));
}

/** What an attempt has come to, for the counter: `lost`, when somebody else tries it now. */
export type Result = 'delivered' | 'retried' | 'failed' | 'lost';

/** Writes down what came of an attempt: it is over, or due again later. An endpoint that is gone or fails for days is disabled. */
export async function finishAttempt(db: Database, attempt: Attempt, outcome: Outcome, now: Date): Promise<Result> {
  const verdict = verdictOf(outcome);
  const delay = verdict === 'failed' ? retryDelaySeconds(attempt.attempts) : null;
  const status = verdict === 'delivered' ? 'DELIVERED' : delay === null ? 'FAILED' : 'PENDING';
  // A statement of its own, without the lock of the delivery: whoever holds the endpoint may be waiting for that. And before the
  // delivery is over, so that its order's next event is not sent to an endpoint that has just said that it is gone.
  if (verdict !== 'delivered') await noteFailure(db, attempt, verdict === 'gone', now);
  const [written] = await db.manager.query<[unknown[], number]>(
    // A tenth more or less: what failed together does not come back together.
    `UPDATE webhook_delivery SET lease = NULL, status = $3, response_status = $4, error = $5, delivered_at = $6,
       due_at = now() + make_interval(secs => $7::float * (0.9 + 0.2 * random()))
     WHERE id = $1 AND lease = $2 RETURNING 1`,
    [
      ...[attempt.id, attempt.lease, status],
      ...['responseStatus' in outcome ? outcome.responseStatus : null, 'error' in outcome ? outcome.error : null],
      ...[status === 'DELIVERED' ? now : null, delay],
    ],
  );
  if (written.length === 0) return 'lost';
  if (verdict === 'delivered' && attempt.failing) {
    await db.rows('UPDATE webhook_endpoint SET failing_since = NULL WHERE id = $1', [attempt.endpointId]);
  }
  return status === 'PENDING' ? 'retried' : verdict === 'delivered' ? 'delivered' : 'failed';
}

/** Not by whoever has lost the delivery to another. */
async function noteFailure(db: Database, { id, lease, endpointId }: Attempt, gone: boolean, now: Date): Promise<void> {
  await db.rows(
    `UPDATE webhook_endpoint SET failing_since = coalesce(failing_since, $2),
       status = CASE WHEN $3 OR failing_since < $4 THEN 'DISABLED' ELSE status END
     WHERE id = $1 AND (failing_since IS NULL OR (status <> 'DISABLED' AND ($3 OR failing_since < $4)))
       AND EXISTS (SELECT FROM webhook_delivery d WHERE d.id = $5 AND d.lease = $6)`,
    [endpointId, now, gone, new Date(now.getTime() - DISABLED_AFTER_MS), id, lease],
  );
}
