/** Who is asking. A principal travels from the gateway to the subgraphs in a signed header, never in a client's own. */
import { z } from 'zod';

/** Roles of a user. */
export const ROLES = ['CUSTOMER', 'SUPPORT', 'PARTNER', 'ADMIN'] as const;
/** One of {@link ROLES}. */
export type Role = (typeof ROLES)[number];

/** What an API client may be allowed: to see its orders, and to fill carts and order them. The catalogue is anybody's. */
export const SCOPES = ['orders:read', 'orders:write'] as const;
/** One of {@link SCOPES}. */
export type Scope = (typeof SCOPES)[number];

/** How many requests somebody has: see the rates in README.md. */
export const RATE_TIERS = ['STANDARD', 'PREMIUM', 'PARTNER'] as const;
/** One of {@link RATE_TIERS}. */
export type RateTier = (typeof RATE_TIERS)[number];

/** Decoder of a principal. Ids are uuids. `guest` is made inside a subgraph from a cart's or order's token. */
export const principalSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('anonymous') }),
  z.object({ kind: z.literal('guest'), id: z.uuid() }),
  z.object({
    kind: z.literal('user'),
    id: z.uuid(),
    role: z.enum(ROLES),
    sessionId: z.uuid(),
    /** Absent: STANDARD. */
    rateTier: z.enum(RATE_TIERS).optional(),
  }),
  z.object({
    kind: z.literal('client'),
    id: z.uuid(),
    /** The partner's user. */
    ownerId: z.uuid(),
    /** The key with which it got its token: what a session is to a user. */
    keyId: z.uuid(),
    scopes: z.array(z.enum(SCOPES)),
    rateTier: z.enum(RATE_TIERS),
  }),
  z.object({ kind: z.literal('service'), name: z.string() }),
]);
/** Anonymous, guest (by cart or order token), user, API client or service. */
export type Principal = z.infer<typeof principalSchema>;

/** A signed-in user. */
export type UserPrincipal = Extract<Principal, { kind: 'user' }>;

/** A partner's program. */
export type ClientPrincipal = Extract<Principal, { kind: 'client' }>;

/** Nobody in particular. */
export const ANONYMOUS: Principal = { kind: 'anonymous' };

/** Owner columns of a row: every owned row stores who owns it. */
export interface Owner {
  ownerKind: 'guest' | 'user' | 'client';
  /** The user's or client's uuid; for a guest the uuid of the cart that began it. */
  ownerId: string;
}

/** Roles of those who work for the shop. */
export const STAFF_ROLES: ReadonlySet<Role> = new Set(['SUPPORT', 'ADMIN']);

/** Whether the principal works for the shop (support or admin). */
export function isStaff(principal: Principal): principal is UserPrincipal {
  return principal.kind === 'user' && STAFF_ROLES.has(principal.role);
}

/** Whether the principal may manage catalogue, stock and users. */
export function isAdmin(principal: Principal): principal is UserPrincipal {
  return principal.kind === 'user' && principal.role === 'ADMIN';
}

/** Whether the principal may do what needs the scope: all but API clients, which need to have been given it. */
export function hasScope(principal: Principal, scope: Scope): boolean {
  return principal.kind !== 'client' || principal.scopes.includes(scope);
}

/** Whose sessions these are, and which: a user's own, or the key of an API client; undefined for those who have none. */
export function sessionOf(principal: Principal): { userId: string; sessionId: string } | undefined {
  if (principal.kind === 'user') return { userId: principal.id, sessionId: principal.sessionId };
  return principal.kind === 'client' ? { userId: principal.ownerId, sessionId: principal.keyId } : undefined;
}

/** Whether a row belongs to the principal. */
export function owns(principal: Principal, owner: Owner): boolean {
  return principal.kind === owner.ownerKind && principal.id === owner.ownerId;
}
