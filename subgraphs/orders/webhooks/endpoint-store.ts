/** Endpoints in the database. Whoever changes one holds its row. */
import type { EntityManager } from 'typeorm';
import { isAdmin, owns, type Owner, type Principal, type UserPrincipal } from '../../../platform/auth/principal';
import { recordAudit } from '../../../platform/audit';
import { Fault, UserFault } from '../../../platform/errors';
import { toId } from '../../../platform/ids';
import type { OrderEventType } from '../order-event.entity';
import type { OrdersServices } from '../services';
import type { WebhookEndpointStatus } from './webhook.rules';

/** An endpoint without its secrets. */
export interface EndpointRow extends Owner {
  id: string;
  /** Sealed, as is the description. */
  url: string;
  description: string | null;
  types: OrderEventType[];
  status: WebhookEndpointStatus;
  position: string;
  failingSince: Date | null;
  createdAt: Date;
}

const COLUMNS = `id, owner_kind AS "ownerKind", owner_id AS "ownerId", url, description, types, status, position,
  failing_since AS "failingSince", created_at AS "createdAt"`;

/** An endpoint by uuid, for its owner and for admins; null: there is none to see. */
export async function visibleEndpoint(
  { db }: OrdersServices,
  principal: Principal,
  id: string,
): Promise<EndpointRow | null> {
  const [row] = await db.rows<EndpointRow>(`SELECT ${COLUMNS} FROM webhook_endpoint WHERE id = $1`, [id]);
  return row && (owns(principal, row) || isAdmin(principal)) ? row : null;
}

/** All of a user's endpoints, the oldest first. */
export async function endpointsOf({ db }: OrdersServices, user: UserPrincipal): Promise<EndpointRow[]> {
  return db.rows<EndpointRow>(
    `SELECT ${COLUMNS} FROM webhook_endpoint WHERE owner_kind = 'user' AND owner_id = $1 ORDER BY id`,
    [user.id],
  );
}

/** A change of an endpoint by its owner. */
export interface EndpointChange {
  user: UserPrincipal;
  /** The endpoint's uuid. */
  id: string;
  /** Verb and noun of the use case, for the audit log. */
  action: string;
  requestId: string;
}

/**
 * Runs `change` on a user's own endpoint under its lock, notes it for the audit log, and gives the endpoint as it is then, or as
 * it was if it is gone. UserFault NOT_FOUND, also for somebody else's; Fault FORBIDDEN for who is a partner no more.
 */
export async function changeEndpoint(
  services: OrdersServices,
  { user, id, action, requestId }: EndpointChange,
  change: (tx: EntityManager, before: EndpointRow) => Promise<void>,
): Promise<EndpointRow> {
  return services.db.transaction(async (tx) => {
    const before = await lockEndpoint(tx, user, id);
    if (user.role !== 'PARTNER') throw new Fault('FORBIDDEN');
    await change(tx, before);
    await recordAudit(tx, services, { actor: user, action, targetUuid: id, target: toId('hook', id), requestId });
    const [after] = await tx.query<EndpointRow[]>(`SELECT ${COLUMNS} FROM webhook_endpoint WHERE id = $1`, [id]);
    return after ?? before;
  });
}

async function lockEndpoint(tx: EntityManager, user: UserPrincipal, id: string): Promise<EndpointRow> {
  const [row] = await tx.query<EndpointRow[]>(`SELECT ${COLUMNS} FROM webhook_endpoint WHERE id = $1 FOR UPDATE`, [id]);
  if (!row || !owns(user, row)) throw UserFault.of('NOT_FOUND', 'There is no such endpoint.', ['id']);
  return row;
}
