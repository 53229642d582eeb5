/** Guards for use cases: each returns the narrowed principal or throws the documented GraphQL error. */
import { Fault } from '../errors';
import { hasScope, isAdmin, isStaff, type Principal, type Scope, type UserPrincipal } from './principal';

/** A signed-in user; FORBIDDEN for API clients, UNAUTHENTICATED for all others. */
export function requireUser(principal: Principal): UserPrincipal {
  if (principal.kind === 'user') return principal;
  throw new Fault(principal.kind === 'client' ? 'FORBIDDEN' : 'UNAUTHENTICATED');
}

/** FORBIDDEN for an API client that was not given the scope. */
export function requireScope(principal: Principal, scope: Scope): void {
  if (!hasScope(principal, scope)) throw new Fault('FORBIDDEN', undefined, { scope });
}

/** Support or admin; UNAUTHENTICATED for nobody, FORBIDDEN for others. */
export function requireStaff(principal: Principal): UserPrincipal {
  if (isStaff(principal)) return principal;
  throw new Fault(principal.kind === 'anonymous' ? 'UNAUTHENTICATED' : 'FORBIDDEN');
}

/** Admin; UNAUTHENTICATED for nobody, FORBIDDEN for others. */
export function requireAdmin(principal: Principal): UserPrincipal {
  if (isAdmin(principal)) return principal;
  throw new Fault(principal.kind === 'anonymous' ? 'UNAUTHENTICATED' : 'FORBIDDEN');
}
