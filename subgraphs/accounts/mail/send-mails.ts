/** Sends the mails that are due. Each is leased first, so that several processes can do so at once. */
import { Counter } from 'prom-client';
import { Fault } from '../../../platform/errors';
import type { Mail } from '../../../platform/mail/mail';
import type { Job } from '../../../platform/subgraph';
import { describeOrder } from '../../orders/messages';
import { isMailToken, mailTokenOf } from '../credentials/mail-token';
import type { AccountsServices } from '../services';
import { accountMail } from './account-mails';
import { nextAttempt } from './mail.rules';
import { orderConfirmationMail } from './order-confirmation';
import type { AccountMailKind } from './queue-mail';

/** Mails in hand at once. */
const BATCH = 5;
/**
 * Seconds a mail is nobody else's: longer than describing the order and sending take together (platform/mail/smtp.ts), and short
 * enough that the mail of a process that died over it still leaves within the 30 seconds that are promised.
 */
const LEASE_SECONDS = 25;
/** Principal of the commands that the job sends. */
const ACCOUNTS = { kind: 'service', name: 'accounts' } as const;

const mails = new Counter({
  name: 'souk_mails_total',
  help: 'Mails by result: sent, failed (tried again later), given_up (needs an operator).',
  labelNames: ['result'],
});

interface LeasedMail {
  id: string;
  kind: 'order-confirmation' | AccountMailKind;
  /** Of an order's confirmation the order; else see queue-mail.ts. */
  subjectId: string;
  accountId: string | null;
  sealedTo: string | null;
  /** This one included; rises with the lease, so that a mail that kills its process is given up too. */
  attempts: number;
}

/** Sends all that is due now. */
export async function sendMails(services: AccountsServices): Promise<void> {
  for (let leased = BATCH; leased === BATCH;) {
    const due = await services.db.rows<LeasedMail>(
      `WITH due AS (
         SELECT id FROM mail WHERE status = 'WAITING' AND due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
       ), leased AS (
         UPDATE mail SET attempts = attempts + 1, due_at = now() + make_interval(secs => $2)
         FROM due WHERE mail.id = due.id RETURNING mail.*
       ) SELECT id, kind, subject_id AS "subjectId", account_id AS "accountId", sealed_to AS "sealedTo", attempts FROM leased`,
      [BATCH, LEASE_SECONDS],
    );
    await Promise.all(due.map((mail) => sendMail(services, mail)));
    leased = due.length;
  }
}

/** The job, every second: the confirmation is promised within 30. */
export const sendMailsJob: Job<AccountsServices> = { name: 'accounts.send-mails', everyMs: 1_000, run: sendMails };

async function sendMail(services: AccountsServices, mail: LeasedMail): Promise<void> {
  const { db, log, mailer } = services;
  try {
    const composed = await (mail.kind === 'order-confirmation'
      ? composeConfirmation(services, mail)
      : composeAccountMail(services, mail, mail.kind));
    if (composed === null) {
      await db.rows('DELETE FROM mail WHERE id = $1', [mail.id]);
      return;
    }
    await mailer.send(composed);
    // A crash between these two lines sends it again, under the same Message-ID: the nearest to once that mail allows.
    await db.rows(`UPDATE mail SET status = 'SENT', sent_at = now(), sealed_to = NULL WHERE id = $1`, [mail.id]);
    mails.inc({ result: 'sent' });
  } catch (error) {
    const next = nextAttempt(mail.attempts);
    if (next === null) {
      await db.rows(`UPDATE mail SET status = 'FAILED' WHERE id = $1`, [mail.id]);
      log.error({ err: error, mailId: mail.id, attempts: mail.attempts }, 'mail given up');
    } else {
      await db.rows('UPDATE mail SET due_at = now() + make_interval(secs => $2) WHERE id = $1', [
        mail.id,
        next / 1_000,
      ]);
      log.warn({ err: error, mailId: mail.id, attempts: mail.attempts }, 'mail not sent; it is tried again');
    }
    mails.inc({ result: next === null ? 'given_up' : 'failed' });
  }
}

/** The mail with what its order says now; nothing of it is stored. Null when the buyer's account is gone. */
async function composeConfirmation(services: AccountsServices, mail: LeasedMail): Promise<Mail | null> {
  const { commands, config, sealer } = services;
  const meta = { principal: ACCOUNTS, requestId: mail.id };
  const { order } = await commands.send(describeOrder, { orderId: mail.subjectId }, meta);
  if (!order) throw new Fault('NOT_FOUND', 'The order of a mail is not there.');
  const sealed = order.sealedEmail ?? (await sealedEmailOf(services, order.ownerId));
  if (sealed === null) return null;
  const token = order.sealedToken === null ? null : sealer.open(order.sealedToken);
  return orderConfirmationMail({ ...order, token }, sealer.open(sealed), config.publicUrl);
}

/** The mail; null when there is nobody to send it to any more, or its link is good no more. */
async function composeAccountMail(
  services: AccountsServices,
  { subjectId, accountId, sealedTo }: LeasedMail,
  kind: AccountMailKind,
): Promise<Mail | null> {
  const { config, sealer } = services;
  const sealed = sealedTo ?? (accountId === null ? null : await sealedEmailOf(services, accountId));
  if (sealed === null || (isMailToken(kind) && !(await tokenIsGood(services, subjectId)))) return null;
  const token = mailTokenOf(sealer, subjectId);
  return accountMail({ kind, subjectId, to: sealer.open(sealed), publicUrl: config.publicUrl, token });
}

async function tokenIsGood({ db, clock }: AccountsServices, tokenId: string): Promise<boolean> {
  const rows = await db.rows('SELECT 1 AS one FROM mail_token WHERE id = $1 AND expires_at > $2', [
    tokenId,
    clock.now(),
  ]);
  return rows.length > 0;
}

async function sealedEmailOf(services: AccountsServices, userId: string): Promise<string | null> {
  const [account] = await services.db.rows<{ email: string }>('SELECT email FROM account WHERE id = $1', [userId]);
  return account?.email ?? null;
}
