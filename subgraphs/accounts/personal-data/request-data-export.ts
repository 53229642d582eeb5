import { requireUser } from '../../../platform/auth/guard';
import type { Principal } from '../../../platform/auth/principal';
import { Fault, UserFault } from '../../../platform/errors';
import { newUuid, toId } from '../../../platform/ids';
import { addToOutbox } from '../../../platform/outbox';
import { dataExportRequested } from '../messages';
import { recordAudit } from '../record-audit';
import type { AccountsServices } from '../services';
import type { DataExportRow } from './data-exports.loaders';

/** Pause between two exports, and how long one can be fetched, in milliseconds. */
const PAUSE_MS = 3_600_000;
const LIFE_MS = 7 * 86_400_000;

/**
 * Asks all subgraphs for what they hold of the caller, and gives the export that it is collected in. UserFault CONFLICT
 * (`retryable`) when the last one is not an hour old; Fault UNAUTHENTICATED for nobody.
 */
export async function requestDataExport(
  services: AccountsServices,
  principal: Principal,
  requestId: string,
): Promise<DataExportRow> {
  const user = requireUser(principal);
  const now = services.clock.now();
  const expiresAt = new Date(now.getTime() + LIFE_MS);
  const id = newUuid();
  await services.db.transaction(async (tx) => {
    const account: unknown[] = await tx.query('SELECT 1 AS one FROM account WHERE id = $1 FOR NO KEY UPDATE', [
      user.id,
    ]);
    if (account.length === 0) throw new Fault('UNAUTHENTICATED');
    const recent: unknown[] = await tx.query(
      'SELECT 1 AS one FROM data_export WHERE account_id = $1 AND requested_at > $2 LIMIT 1',
      [user.id, new Date(now.getTime() - PAUSE_MS)],
    );
    if (recent.length > 0) {
      throw UserFault.of('CONFLICT', 'You have asked within the last hour.', undefined, { retryable: true });
    }
    await tx.query('INSERT INTO data_export (id, account_id, requested_at, expires_at) VALUES ($1, $2, $3, $4)', [
      id,
      user.id,
      now,
      expiresAt,
    ]);
    const payload = { exportId: id, userId: user.id };
    const told = { aggregateId: id, aggregateVersion: 0, payload, cause: requestId, time: now };
    await addToOutbox(tx, dataExportRequested, told);
    const target = toId('user', user.id);
    await recordAudit(tx, { actor: user, action: 'requestDataExport', target, time: now, requestId });
  });
  return { id, userId: user.id, requestedAt: now, readyAt: null, expiresAt };
}
