/**
 * From the log of events to deliveries. Each endpoint has its place in the log, which moves on in the transaction that makes the
 * deliveries: whatever dies, none is left out and none is made twice.
 */
import type { EntityManager } from 'typeorm';
import { newUuid } from '../../../platform/ids';
import type { OrdersServices } from '../services';

/** Endpoints that are moved on at once. */
const ENDPOINTS = 20;
/** Places of the log that an endpoint is moved on by at once, whosever orders they are of. */
const WINDOW = 500;
/** An endpoint with so many deliveries under way is not moved on: what it can not take now waits in the log. */
const MAX_PENDING = 1_000;

/** An endpoint that is behind, with one of the events that are for it; nulls: there is none. */
interface Due {
  endpointId: string;
  upto: string;
  position: string | null;
  orderId: string | null;
}

/** Makes the deliveries of what has been numbered. Gives whether there may be more. */
export async function makeDeliveries({ db, clock }: OrdersServices): Promise<boolean> {
  return db.transaction(async (tx) => {
    const due = await findDue(tx);
    const endpoints = new Map(due.map(({ endpointId, upto }) => [endpointId, upto]));
    if (endpoints.size === 0) return false;
    const events = due.filter(({ position }) => position !== null);
    await tx.query(
      // What is there already is sent again: the place went back.
      `WITH made AS (
         INSERT INTO webhook_delivery (id, endpoint_id, position, order_id, status, due_at, created_at)
         SELECT id, endpoint_id, position, order_id, 'PENDING', now(), $5
         FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[]) AS event (id, endpoint_id, position, order_id)
         ON CONFLICT ON CONSTRAINT webhook_delivery_once DO UPDATE
         SET status = 'PENDING', attempts = 0, due_at = now(), lease = NULL, delivered_at = NULL, error = NULL,
             response_status = NULL
         WHERE webhook_delivery.status <> 'PENDING'
       )
       UPDATE webhook_endpoint e SET position = moved.upto
       FROM unnest($6::uuid[], $7::bigint[]) AS moved (id, upto) WHERE e.id = moved.id`,
      [
        ...[events.map(() => newUuid()), events.map(({ endpointId }) => endpointId)],
        ...[events.map(({ position }) => position), events.map(({ orderId }) => orderId), clock.now()],
        ...[[...endpoints.keys()], [...endpoints.values()]],
      ],
    );
    return true;
  });
}

/** Takes endpoints that are behind, each in one process. */
async function findDue(tx: EntityManager): Promise<Due[]> {
  return tx.query<Due[]>(
    `WITH head AS (SELECT coalesce(max(position), 0) AS position FROM order_event),
          behind AS (
            SELECT e.* FROM webhook_endpoint e, head WHERE e.status = 'ACTIVE' AND e.position < head.position
              AND (SELECT count(*) FROM (SELECT FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.status = 'PENDING'
                                         LIMIT $3) AS pending) < $3
            ORDER BY e.position LIMIT $1 FOR UPDATE OF e SKIP LOCKED)
     SELECT b.id AS "endpointId", least(head.position, b.position + $2) AS upto, event.position, event.order_id AS "orderId"
     FROM behind b CROSS JOIN head LEFT JOIN LATERAL (
       SELECT v.position, v.order_id FROM order_event v JOIN orders o ON o.id = v.order_id
       WHERE v.position > b.position AND v.position <= b.position + $2 AND v.position <= head.position
         AND v.type = ANY(b.types)
         AND (o.owner_kind = b.owner_kind AND o.owner_id = b.owner_id OR b.owner_kind = 'user' AND o.partner_id = b.owner_id)
     ) event ON true`,
    [ENDPOINTS, WINDOW, MAX_PENDING],
  );
}
