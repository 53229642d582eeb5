import { z } from 'zod';
import { requireUser } from '../../platform/auth/guard';
import type { Principal } from '../../platform/auth/principal';
import { UserFault } from '../../platform/errors';
import { addressInput, validateInput } from '../../platform/graph/validate';
import { newUuid } from '../../platform/ids';
import { AddressRow } from './address.entity';
import { MAX_ADDRESSES, type KeptAddress } from './address.rules';
import { changeAddress, clearDefault } from './change-address';
import type { AccountsServices } from './services';

const inputSchema = z.object({ address: addressInput, isDefault: z.boolean().nullish() });

/** Keeps an address for the caller. UserFault CONFLICT when there are 50 already; Fault UNAUTHENTICATED for nobody. */
export async function createAddress(
  services: AccountsServices,
  principal: Principal,
  input: unknown,
  requestId: string,
): Promise<KeptAddress> {
  const user = requireUser(principal);
  const { address, isDefault } = validateInput(inputSchema, input);
  const kept: KeptAddress = { id: newUuid(), address, isDefault: isDefault ?? false };
  return changeAddress(services, { user, action: 'createAddress', requestId }, async (tx) => {
    const [row]: { count: number }[] = await tx.query(
      'SELECT count(*)::integer AS count FROM address WHERE account_id = $1',
      [user.id],
    );
    if (row && row.count >= MAX_ADDRESSES) {
      const details = { maximum: MAX_ADDRESSES, retryable: false };
      throw UserFault.of(
        'CONFLICT',
        `There are ${MAX_ADDRESSES} addresses already. Delete one first.`,
        undefined,
        details,
      );
    }
    if (kept.isDefault) await clearDefault(tx, user.id);
    await tx.insert(AddressRow, { ...kept, address: JSON.stringify(address), accountId: user.id });
    return kept;
  });
}
