/** Who is asking. A principal travels from the gateway to the subgraphs in a signed header, never in a client's own. */
import { z } from 'zod';

/** Roles of a user. */
export const ROLES = ['CUSTOMER', 'SUPPORT', 'PARTNER', 'ADMIN'] as const;
/** One of {@link ROLES}. */
export type Role = (typeof ROLES)[number];

/** Decoder of a principal. Ids are uuids. `guest` is made inside a subgraph from a cart's or order's token. */
export const principalSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('anonymous') }),
  z.object({ kind: z.literal('guest'), id: z.uuid() }),
  z.object({ kind: z.literal('user'), id: z.uuid(), role: z.enum(ROLES), sessionId: z.uuid() }),
  z.object({ kind: z.literal('client'), id: z.uuid(), ownerId: z.uuid() }),
  z.object({ kind: z.literal('service'), name: z.string() }),
]);
/** Anonymous, guest (by cart or order token), user, API client or service. */
export type Principal = z.infer<typeof principalSchema>;

/** A signed-in user. */
export type UserPrincipal = Extract<Principal, { kind: 'user' }>;

/** Nobody in particular. */
export const ANONYMOUS: Principal = { kind: 'anonymous' };

/** Owner columns of a row: every owned row stores who owns it. */
export interface Owner {
  ownerKind: 'guest' | 'user' | 'client';
  /** The user's or client's uuid; for a guest the uuid of the cart that began it. */
  ownerId: string;
}

/** Whether the principal works for the shop (support or admin). */
export function isStaff(principal: Principal): principal is UserPrincipal {
  return principal.kind === 'user' && (principal.role === 'SUPPORT' || principal.role === 'ADMIN');
}

/** Whether the principal may manage catalogue, stock and users. */
export function isAdmin(principal: Principal): principal is UserPrincipal {
  return principal.kind === 'user' && principal.role === 'ADMIN';
}

/** Whether a row belongs to the principal. */
export function owns(principal: Principal, owner: Owner): boolean {
  return principal.kind === owner.ownerKind && principal.id === owner.ownerId;
}
