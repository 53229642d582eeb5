/** Who sees an order, and as whom they act. Pure. */
import { requireScope } from '../../platform/auth/guard';
import { hashSecretToken } from '../../platform/auth/secret-token';
import { hasScope, isStaff, owns, type Owner, type Principal } from '../../platform/auth/principal';
import { Fault } from '../../platform/errors';
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
  /** Whose API client ordered it: the uuid of the partner's user; null: nobody's. */
  partnerId: string | null;
}

/** Whether they have shown the order's token. */
export function hasToken(order: Guarded, access: Access): boolean {
  return order.tokenHash !== null && order.tokenHash === access.tokenHash;
}

/**
 * Whether they may see it: its owner, the partner whose API client ordered it, staff, and a guest by its token; an API client only
 * if it may read orders at all. To others it does not exist.
 */
export function maySee(order: Guarded, access: Access): boolean {
  const { principal } = access;
  if (!hasScope(principal, 'orders:read')) return false;
  return isStaff(principal) || owns(principal, order) || isPartnerOf(principal, order) || hasToken(order, access);
}

/** Whether it is an order of one of the partner's API clients. */
export function isPartnerOf(principal: Principal, { partnerId }: Pick<Guarded, 'partnerId'>): boolean {
  return principal.kind === 'user' && principal.role === 'PARTNER' && principal.id === partnerId;
}

/** Whose orders are listed and watched: one's own, or those of a partner's API clients. */
export type OrdersOf = Owner | { partnerId: string };

/**
 * Which orders are somebody's. A partner does not buy as a user: theirs are those of their API clients. Fault UNAUTHENTICATED for
 * nobody, FORBIDDEN for an API client that may not read orders.
 */
export function ordersOf(principal: Principal): OrdersOf {
  requireScope(principal, 'orders:read');
  if (principal.kind === 'user' && principal.role === 'PARTNER') return { partnerId: principal.id };
  if (principal.kind === 'user' || principal.kind === 'client')
    return { ownerKind: principal.kind, ownerId: principal.id };
  throw new Fault('UNAUTHENTICATED');
}

/** Whether it is one of them. */
export function isOf(order: Guarded, whose: OrdersOf): boolean {
  if ('partnerId' in whose) return order.partnerId === whose.partnerId;
  return order.ownerKind === whose.ownerKind && order.ownerId === whose.ownerId;
}

/** Whose idempotency key about an order it is; a guest's belong to the order, by its token. */
export function ownerOfKey({ principal, tokenHash }: Access): string {
  if (principal.kind === 'user' || principal.kind === 'client') return `${principal.kind}:${principal.id}`;
  return `guest:${tokenHash ?? ''}`;
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
