/** Rules of accounts that need no database. */
import type { Principal } from '../../platform/auth/principal';
import { nameText, text } from '../../platform/graph/validate';
import type { Sealer } from '../../platform/seal';

/** A new password: 10 to 128 characters. */
export const newPasswordText = text(128, 10);
/** A password at log-in: one that is too short is simply wrong; one that is too long is not worth hashing. */
export const givenPasswordText = text(128);
/** A first or last name; null takes it away, absent leaves it. */
export const optionalName = nameText.nullish();

/** What an account is found by: the blind index of the address without case. Not trimmed: a space makes another address. */
export function emailIndex(sealer: Sealer, email: string): string {
  return sealer.blindIndex(email.toLowerCase());
}

/**
 * How much of an account somebody may see: `all` its owner and admins; `contact` (id, e-mail, names, status) support; `nothing`
 * everybody else, for whom it looks like one that does not exist. `userId` is a uuid.
 */
export function viewOf(principal: Principal, userId: string): 'all' | 'contact' | 'nothing' {
  if (principal.kind !== 'user') return 'nothing';
  if (principal.id === userId || principal.role === 'ADMIN') return 'all';
  return principal.role === 'SUPPORT' ? 'contact' : 'nothing';
}
