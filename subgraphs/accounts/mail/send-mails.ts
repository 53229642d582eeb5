/** Sends the mails that are due. Each is leased first, so that several processes can do so at once. */
import { Counter } from 'prom-client';
import { Fault } from '../../../platform/errors';
import type { Mail } from '../../../platform/mail/mail';
import type { Job } from '../../../platform/subgraph';
import { describeOrder } from '../../orders/messages';
import type { AccountsServices } from '../services';
import { nextAttempt } from './mail.rules';
import { orderConfirmationMail } from './order-confirmation';

/** Mails in hand at once. */
const BATCH = 5;
/** Minutes a mail is nobody else's: longer than describing the order and sending may take together. */
const LEASE_MINUTES = 2;
/** Principal of the commands that the job sends. */
const ACCOUNTS = { kind: 'service', name: 'accounts' } as const;

const mails = new Counter({
  name: 'souk_mails_total',
  help: 'Mails by result: sent, failed (tried again later), given_up (needs an operator).',
  labelNames: ['result'],
});

interface LeasedMail {
  id: string;
  orderId: string;
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
         UPDATE mail SET attempts = attempts + 1, due_at = now() + make_interval(mins => $2)
         FROM due WHERE mail.id = due.id RETURNING mail.id, mail.subject_id, mail.attempts
       ) SELECT id, subject_id AS "orderId", attempts FROM leased`,
      [BATCH, LEASE_MINUTES],
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
    await mailer.send(await compose(services, mail));
    // A crash between these two lines sends it again, under the same Message-ID: the nearest to once that mail allows.
    await db.rows(`UPDATE mail SET status = 'SENT', sent_at = now() WHERE id = $1`, [mail.id]);
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

/** The mail with what its order says now; nothing of it is stored. */
async function compose(services: AccountsServices, mail: LeasedMail): Promise<Mail> {
  const { commands, config, sealer } = services;
  const meta = { principal: ACCOUNTS, requestId: mail.id };
  const { order } = await commands.send(describeOrder, { orderId: mail.orderId }, meta);
  if (!order) throw new Fault('NOT_FOUND', 'The order of a mail is not there.');
  const sealed = order.sealedEmail ?? (await sealedEmailOf(services, order.ownerId));
  const token = order.sealedToken === null ? null : sealer.open(order.sealedToken);
  return orderConfirmationMail({ ...order, token }, sealer.open(sealed), config.publicUrl);
}

async function sealedEmailOf(services: AccountsServices, userId: string): Promise<string> {
  const [account] = await services.db.rows<{ email: string }>('SELECT email FROM account WHERE id = $1', [userId]);
  if (!account) throw new Fault('NOT_FOUND', 'Nobody to send a mail to.');
  return account.email;
}
