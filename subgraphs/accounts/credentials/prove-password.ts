import type { EntityManager } from 'typeorm';
import { requireUser } from '../../../platform/auth/guard';
import type { Principal, UserPrincipal } from '../../../platform/auth/principal';
import { Fault, UserFault } from '../../../platform/errors';
import type { AccountsServices, ClientRequest } from '../services';

/** A caller who has just given the right password. */
export interface ProvenUser {
  user: UserPrincipal;
  emailIndex: string;
  /** Sealed. */
  sealedEmail: string;
  passwordHash: string;
}

/**
 * Checks the caller's password, by the same count as at log-in. UserFault UNAUTHENTICATED, at `field`, when it is wrong;
 * Faults UNAUTHENTICATED for nobody, RATE_LIMIT_EXCEEDED after too many wrong ones.
 */
export async function provePassword(
  services: AccountsServices,
  principal: Principal,
  given: { password: string; field: string },
  { clientAddress }: ClientRequest,
): Promise<ProvenUser> {
  const user = requireUser(principal);
  const [account] = await services.db.rows<Omit<ProvenUser, 'user'>>(
    `SELECT email_index AS "emailIndex", email AS "sealedEmail", password_hash AS "passwordHash"
     FROM account WHERE id = $1`,
    [user.id],
  );
  if (!account) throw new Fault('UNAUTHENTICATED');
  const proven = await services.brake.attempt({ subject: account.emailIndex, clientAddress }, async () =>
    (await services.passwords.verify(account.passwordHash, given.password)) ? account : null,
  );
  if (!proven) throw wrong(given.field);
  return { user, ...proven };
}

/** Locks the account in the transaction; UserFault as above when its password has changed since. */
export async function lockProven(tx: EntityManager, proven: ProvenUser, field: string): Promise<void> {
  const same: unknown[] = await tx.query(
    'SELECT 1 AS one FROM account WHERE id = $1 AND password_hash = $2 FOR UPDATE',
    [proven.user.id, proven.passwordHash],
  );
  if (same.length === 0) throw wrong(field);
}

function wrong(field: string): UserFault {
  return UserFault.of('UNAUTHENTICATED', 'The password is wrong.', [field]);
}
