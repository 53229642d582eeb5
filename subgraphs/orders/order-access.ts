/** Who sees an order, and as whom they act. Pure. */
import { hashSecretToken } from '../../platform/auth/secret-token';
import { isStaff, owns, type Owner, type Principal } from '../../platform/auth/principal';
import type { ActorKind } from './order-event.entity';

/** Who asks, and the hash of the order token they have shown. */
export interface Access {
  principal: Principal;
  tokenHash: string | null;
}

/** Access with what a client gave as order token; null or empty: none. */
export function accessOf(principal: Principal, token?: string | null): Access {
  // Longer than any of ours: not worth hashing.
  return { principal, tokenHash: token && token.length <= 2_048 ? hashSecretToken(token) : null };
}

/** What the rules look at. */
interface Guarded extends Owner {
  /** Null: not a guest's order. */
  tokenHash: string | null;
}

/** Whether they have shown the order's token. */
export function hasToken(order: Guarded, access: Access): boolean {
  return order.tokenHash !== null && order.tokenHash === access.tokenHash;
}

/** Whether they may see it: its owner, staff, and a guest by its token. To others it does not exist. */
export function maySee(order: Guarded, access: Access): boolean {
  return isStaff(access.principal) || owns(access.principal, order) || hasToken(order, access);
}

/** Who did something, as an event keeps it. */
export interface EventActor {
  kind: ActorKind;
  /** The user's or client's uuid; null for guests and the system. */
  id: string | null;
}

/** The shop's own machinery. */
export const SYSTEM: EventActor = { kind: 'SYSTEM', id: null };

/** The principal as actor of an event. */
export function actorOf(principal: Principal): EventActor {
  switch (principal.kind) {
    case 'user':
      return { kind: principal.role, id: principal.id };
    case 'client':
      return { kind: 'PARTNER', id: principal.id };
    case 'service':
      return SYSTEM;
    case 'guest':
    case 'anonymous':
      return { kind: 'GUEST', id: null };
  }
}
