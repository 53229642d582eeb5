import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import type { Principal } from '../../../platform/auth/principal';
import { UserFault } from '../../../platform/errors';
import { validateInput } from '../../../platform/graph/validate';
import { toId } from '../../../platform/ids';
import { addToOutbox } from '../../../platform/outbox';
import { givenPasswordText } from '../account.rules';
import { lockProven, provePassword } from '../credentials/prove-password';
import { lockAdmins } from '../lock-admins';
import { queueMail } from '../mail/queue-mail';
import { RIGHTS_CHANNEL, userErased } from '../messages';
import { forgetProfile } from '../profile.loaders';
import { recordAudit } from '../record-audit';
import type { AccountsServices, ClientRequest } from '../services';

const inputSchema = z.object({ password: givenPasswordText });

/**
 * Deletes the caller's account, and with it sessions, addresses, links and exports; the other subgraphs are told to forget what
 * they hold. Gives the user's uuid. UserFaults UNAUTHENTICATED when the password is wrong, CONFLICT for the last admin;
 * Faults as those of provePassword.
 */
export async function deleteAccount(
  services: AccountsServices,
  principal: Principal,
  input: unknown,
  request: ClientRequest,
): Promise<string> {
  const { password } = validateInput(inputSchema, input);
  const field = 'password';
  const proven = await provePassword(services, principal, { password, field }, request);
  const { id: userId } = proven.user;
  const now = services.clock.now();
  const { requestId } = request;
  await services.db.transaction(async (tx) => {
    await keepAnAdmin(tx, userId);
    await lockProven(tx, proven, field);
    await tx.query('DELETE FROM mail WHERE account_id = $1', [userId]);
    await queueMail(tx, { kind: 'account-deleted', accountId: userId, sealedTo: proven.sealedEmail });
    const clients: { id: string }[] = await tx.query('SELECT id FROM api_client WHERE owner_id = $1', [userId]);
    await tx.query('DELETE FROM account WHERE id = $1', [userId]);
    const payload = { userId, clientIds: clients.map(({ id }) => id) };
    const told = { aggregateId: userId, aggregateVersion: 0, payload, cause: requestId, time: now };
    await addToOutbox(tx, userErased, told);
    const target = toId('user', userId);
    await recordAudit(tx, { actor: proven.user, action: 'deleteAccount', target, time: now, requestId });
  });
  await forgetProfile(services, userId);
  await services.pubsub.publish(RIGHTS_CHANNEL, { userId });
  return userId;
}

/** With all admins locked: two that leave at once take turns. One who is suspended keeps no shop. */
async function keepAnAdmin(tx: EntityManager, userId: string): Promise<void> {
  const { admins } = await lockAdmins(tx, userId);
  if (admins.length === 1 && admins[0] === userId) {
    const details = { retryable: false };
    throw UserFault.of('CONFLICT', 'The shop needs an admin, and you are the last one.', undefined, details);
  }
}
