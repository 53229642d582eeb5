import { z } from 'zod';
import { requireUser } from '../../platform/auth/guard';
import type { Principal } from '../../platform/auth/principal';
import { Fault } from '../../platform/errors';
import { validateInput } from '../../platform/graph/validate';
import { toId } from '../../platform/ids';
import { optionalName } from './account.rules';
import { changeAccount } from './change-account';
import { forgetProfile } from './profile.loaders';
import { recordAudit } from './record-audit';
import type { AccountsServices } from './services';

const inputSchema = z.object({ firstName: optionalName, lastName: optionalName });

/** Changes the caller's own names: null takes one away, absent leaves it. Gives the user's uuid; Fault UNAUTHENTICATED for nobody. */
export async function updateProfile(
  services: AccountsServices,
  principal: Principal,
  input: unknown,
  requestId: string,
): Promise<string> {
  const user = requireUser(principal);
  const { firstName, lastName } = validateInput(inputSchema, input);
  const set = { ...(firstName !== undefined && { firstName }), ...(lastName !== undefined && { lastName }) };
  if (Object.keys(set).length === 0) return user.id;
  const now = services.clock.now();
  await services.db.transaction(async (tx) => {
    // The token outlived its account.
    if (!(await changeAccount(tx, { userId: user.id, set, now, requestId }))) throw new Fault('UNAUTHENTICATED');
    const target = toId('user', user.id);
    await recordAudit(tx, { actor: user, action: 'updateProfile', target, time: now, requestId });
  });
  await forgetProfile(services, user.id);
  return user.id;
}
