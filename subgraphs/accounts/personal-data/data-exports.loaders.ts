import { z } from 'zod';
import { PERSONAL_DATA_HOLDERS } from '../../../platform/personal-data';
import { defineLoader } from '../../../platform/subgraph';
import type { AccountsServices } from '../services';

/** Exports shown at once. */
const MOST_SHOWN = 10;

/** An export. Ids are uuids. */
export interface DataExportRow {
  id: string;
  userId: string;
  requestedAt: Date;
  readyAt: Date | null;
  expiresAt: Date;
}

/** Exports of users by uuid that can still be fetched, the newest first, 10 at most. The caller checks who may see them. */
export const dataExportsByUser = defineLoader<AccountsServices, string, DataExportRow[]>(
  async (userIds, { services }) => {
    const rows = await services.db.rows<DataExportRow>(
      `SELECT e.id, e.account_id AS "userId", e.requested_at AS "requestedAt", e.ready_at AS "readyAt",
              e.expires_at AS "expiresAt"
       FROM unnest($1::uuid[]) AS wanted (id) CROSS JOIN LATERAL (
         SELECT * FROM data_export WHERE account_id = wanted.id AND expires_at > $2
         ORDER BY requested_at DESC LIMIT ${MOST_SHOWN}
       ) AS e ORDER BY e.requested_at DESC`,
      [userIds, services.clock.now()],
    );
    return userIds.map((userId) => rows.filter((row) => row.userId === userId));
  },
);

/** What was collected for exports by uuid: by holder, as each sent it. */
export const exportContents = defineLoader<AccountsServices, string, Record<string, unknown>>(
  async (exportIds, { services }) => {
    const rows = await services.db.rows<{ exportId: string; holder: string; sealed: string }>(
      'SELECT export_id AS "exportId", holder, sealed FROM data_export_part WHERE export_id = ANY ($1)',
      [exportIds],
    );
    return exportIds.map((exportId) =>
      Object.fromEntries(
        PERSONAL_DATA_HOLDERS.flatMap((holder) => {
          const part = rows.find((row) => row.exportId === exportId && row.holder === holder);
          return part ? [[holder, services.sealer.openJson(part.sealed, z.unknown())]] : [];
        }),
      ),
    );
  },
);
