/** Guards for use cases: each returns the narrowed principal or throws the documented GraphQL error. */
import { Fault } from '../errors';
import { isAdmin, isStaff, type Principal, type UserPrincipal } from './principal';

/** A signed-in user, else UNAUTHENTICATED. */
export function requireUser(principal: Principal): UserPrincipal {
  if (principal.kind !== 'user') throw new Fault('UNAUTHENTICATED');
  return principal;
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
