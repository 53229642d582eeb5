import type { EntityManager } from 'typeorm';
import type { UserPrincipal } from '../../platform/auth/principal';
import { Fault, UserFault } from '../../platform/errors';
import { toId } from '../../platform/ids';
import { storedAddress, type KeptAddress } from './address.rules';
import { recordAudit } from './record-audit';
import type { AccountsServices } from './services';

/**
 * Runs a change of somebody's addresses while their account is locked, and notes it in the audit log under `action`. The lock
 * is what makes counting them safe, and "the old default off, the new one on" one step. Fault UNAUTHENTICATED if the account is gone.
 */
export async function changeAddress(
  services: AccountsServices,
  options: { user: UserPrincipal; action: string; requestId: string },
  change: (tx: EntityManager) => Promise<KeptAddress>,
): Promise<KeptAddress> {
  const { user, action, requestId } = options;
  return services.db.transaction(async (tx) => {
    const account: unknown[] = await tx.query('SELECT 1 AS one FROM account WHERE id = $1 FOR NO KEY UPDATE', [
      user.id,
    ]);
    if (account.length === 0) throw new Fault('UNAUTHENTICATED');
    const kept = await change(tx);
    const target = toId('addr', kept.id);
    await recordAudit(tx, { actor: user, action, target, time: services.clock.now(), requestId });
    return kept;
  });
}

/** Somebody's own address; UserFault NOT_FOUND also when it is somebody else's. */
export async function ownAddress(
  tx: EntityManager,
  services: AccountsServices,
  user: UserPrincipal,
  addressId: string,
): Promise<KeptAddress> {
  const [row]: { sealed: string; isDefault: boolean }[] = await tx.query(
    'SELECT address AS sealed, is_default AS "isDefault" FROM address WHERE id = $1 AND account_id = $2',
    [addressId, user.id],
  );
  if (!row) throw UserFault.of('NOT_FOUND', 'There is no such address.', ['addressId']);
  return { id: addressId, address: services.sealer.openJson(row.sealed, storedAddress), isDefault: row.isDefault };
}

/** Takes the mark of the default from whichever address has it. */
export async function clearDefault(tx: EntityManager, accountId: string): Promise<void> {
  await tx.query('UPDATE address SET is_default = false WHERE account_id = $1 AND is_default', [accountId]);
}
