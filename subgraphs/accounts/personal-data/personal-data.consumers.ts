/** What accounts does about personal data: it answers like the others, and collects. */
import type { EntityManager } from 'typeorm';
import { defineConsumer } from '../../../platform/outbox';
import { addPersonalData, PERSONAL_DATA_HOLDERS, personalDataGathered } from '../../../platform/personal-data';
import type { Sealer } from '../../../platform/seal';
import { storedAddress } from '../address.rules';
import { dataExportRequested } from '../messages';
import type { AccountsServices } from '../services';

/** Answers with what accounts holds. */
export const exportAccount = defineConsumer({
  queue: 'accounts.data-export',
  events: [dataExportRequested],
  async apply(tx, { id, payload }, services: AccountsServices) {
    const { exportId, userId } = payload;
    const data = await gather(tx, services.sealer, userId);
    await addPersonalData(tx, services, { exportId, holder: 'accounts', data, cause: id });
  },
});

/** Collects the answers; with the last of them the export is ready. */
export const collectPersonalData = defineConsumer({
  queue: 'accounts.personal-data',
  events: [personalDataGathered],
  async apply(tx, { payload }, { clock }: AccountsServices) {
    const { exportId, holder, sealed } = payload;
    // Locked: two that come last at once would each miss the other. One whose account is gone is gone with it.
    const open: unknown[] = await tx.query('SELECT 1 AS one FROM data_export WHERE id = $1 FOR UPDATE', [exportId]);
    if (open.length === 0) return;
    await tx.query(
      'INSERT INTO data_export_part (export_id, holder, sealed) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [exportId, holder, sealed],
    );
    await tx.query(
      `UPDATE data_export SET ready_at = $2 WHERE id = $1 AND ready_at IS NULL
         AND (SELECT count(*) FROM data_export_part WHERE export_id = $1) = $3`,
      [exportId, clock.now(), PERSONAL_DATA_HOLDERS.length],
    );
  },
});

interface StoredAccount {
  email: string;
  firstName: string | null;
  lastName: string | null;
  role: string;
  rateTier: string;
  emailVerified: boolean;
  /** One that is not confirmed yet. */
  newEmail: string | null;
  suspendedAt: Date | null;
  suspensionReason: string | null;
  createdAt: Date;
}

async function gather(tx: EntityManager, sealer: Sealer, userId: string): Promise<unknown> {
  const open = (sealed: string | null): string | null => (sealed === null ? null : sealer.open(sealed));
  const [account]: StoredAccount[] = await tx.query(
    `SELECT email, first_name AS "firstName", last_name AS "lastName", role, rate_tier AS "rateTier", email_verified AS "emailVerified",
            (SELECT t.email FROM mail_token t WHERE account_id = account.id AND kind = 'change-email') AS "newEmail",
            suspended_at AS "suspendedAt", suspension_reason AS "suspensionReason", created_at AS "createdAt"
     FROM account WHERE id = $1`,
    [userId],
  );
  const addresses: { address: string; isDefault: boolean }[] = await tx.query(
    'SELECT address, is_default AS "isDefault" FROM address WHERE account_id = $1 ORDER BY id',
    [userId],
  );
  const sessions: unknown[] = await tx.query(
    `SELECT created_at AS "createdAt", last_used_at AS "lastUsedAt", ended_at AS "endedAt"
     FROM session WHERE account_id = $1 ORDER BY created_at DESC LIMIT 1000`,
    [userId],
  );
  const actions: unknown[] = await tx.query(
    `SELECT action, target, time FROM audit_log WHERE actor_id = $1 ORDER BY time DESC, id DESC LIMIT 1000`,
    [userId],
  );
  const apiClients: { name: string }[] = await tx.query(
    `SELECT name, scopes, rate_tier AS "rateTier", created_at AS "createdAt", last_used_at AS "lastUsedAt", revoked_at AS "revokedAt"
     FROM api_client WHERE owner_id = $1 ORDER BY id`,
    [userId],
  );
  return {
    profile: account && {
      ...account,
      email: open(account.email),
      firstName: open(account.firstName),
      lastName: open(account.lastName),
      newEmail: open(account.newEmail),
      suspensionReason: open(account.suspensionReason),
    },
    addresses: addresses.map((row) => ({ ...row, address: sealer.openJson(row.address, storedAddress) })),
    sessions,
    apiClients: apiClients.map((row) => ({ ...row, name: open(row.name) })),
    actions,
  };
}
