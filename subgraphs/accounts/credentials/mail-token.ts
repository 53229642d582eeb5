/**
 * Tokens that go out by mail and prove that somebody reads it. A token is derived from its row's id and the server's key, so
 * it need not wait in the database for its mail; stored is its hash. It is good once, and one of a kind for each account.
 */
import type { EntityManager } from 'typeorm';
import { hashSecretToken } from '../../../platform/auth/secret-token';
import type { Database } from '../../../platform/db/database';
import { newUuid } from '../../../platform/ids';
import type { Sealer } from '../../../platform/seal';
import { queueMail } from '../mail/queue-mail';
import type { AccountsServices } from '../services';

/** Lives in milliseconds, by kind. */
const LIVES = { 'verify-email': 86_400_000, 'change-email': 86_400_000, 'reset-password': 3_600_000 } as const;
/** What a token is for. */
export type MailTokenKind = keyof typeof LIVES;

/** Pause between two mails of a kind to one account, in milliseconds: nobody's mailbox is filled from here. */
const PAUSE_MS = 60_000;

/** Whether a mail of the kind brings a token. */
export function isMailToken(kind: string): kind is MailTokenKind {
  return kind in LIVES;
}

/** The token of a row. */
export function mailTokenOf(sealer: Sealer, id: string): string {
  return sealer.blindIndex(`mail token ${id}`);
}

/**
 * Makes a token, in place of an older one of its kind, and queues its mail; false, and nothing of this, if the older one
 * is not a minute old. `sealedEmail`: the address it is to confirm and is sent to; without it the account's.
 */
export async function issueMailToken(
  tx: EntityManager,
  { sealer }: Pick<AccountsServices, 'sealer'>,
  options: { accountId: string; kind: MailTokenKind; now: Date; sealedEmail?: string },
): Promise<boolean> {
  const { accountId, kind, now, sealedEmail = null } = options;
  const id = newUuid();
  const issued: unknown[] = await tx.query(
    `INSERT INTO mail_token AS t (id, account_id, kind, hash, email, created_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT ON CONSTRAINT mail_token_one DO UPDATE
     SET id = excluded.id, hash = excluded.hash, email = excluded.email,
         created_at = excluded.created_at, expires_at = excluded.expires_at
     WHERE t.created_at <= $8
     RETURNING id`,
    [
      id,
      accountId,
      kind,
      hashSecretToken(mailTokenOf(sealer, id)),
      sealedEmail,
      now,
      new Date(now.getTime() + LIVES[kind]),
      new Date(now.getTime() - PAUSE_MS),
    ],
  );
  if (issued.length === 0) return false;
  await queueMail(tx, { kind, accountId, subjectId: id, sealedTo: sealedEmail });
  return true;
}

/** What a token said. */
export interface TakenToken {
  accountId: string;
  kind: MailTokenKind;
  sealedEmail: string | null;
}

/** Takes the token with this hash, if it is good for one of the kinds; it is then good no more. */
export async function takeMailToken(
  tx: EntityManager,
  hash: string,
  kinds: readonly MailTokenKind[],
  now: Date,
): Promise<TakenToken | null> {
  const [taken]: TakenToken[] = await tx.query(
    `WITH taken AS (
       DELETE FROM mail_token WHERE hash = $1 AND kind = ANY ($2) AND expires_at > $3 RETURNING account_id, kind, email
     ) SELECT account_id AS "accountId", kind, email AS "sealedEmail" FROM taken`,
    [hash, kinds, now],
  );
  return taken ?? null;
}

/** Whether there is a token to take: spares the work that taking it begins with. */
export async function mailTokenStands(db: Database, hash: string, kind: MailTokenKind, now: Date): Promise<boolean> {
  const rows = await db.rows('SELECT 1 AS one FROM mail_token WHERE hash = $1 AND kind = $2 AND expires_at > $3', [
    hash,
    kind,
    now,
  ]);
  return rows.length > 0;
}
