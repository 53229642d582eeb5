/** Mail over SMTP. */
import { createTransport } from 'nodemailer';
import type { Mailer } from './mail';

/** Limits of one conversation, in milliseconds: whoever sends a mail holds a lease on it for no longer than all of them together. */
const TIMEOUTS = { connectionTimeout: 5_000, greetingTimeout: 5_000, socketTimeout: 10_000 };

/**
 * Sends over a few kept connections to `smtp://user:password@host:port` or `smtps://…`. `?from=` names the sender's address;
 * without it it is the user name if that is an address, else `no-reply@` the server's host. Rejects when the server did not
 * take the message for certain. `close` lets the connections go.
 */
export function createSmtpMailer(url: string): Mailer & { close(): void } {
  const from = senderOf(url);
  const transport = createTransport({ url: withoutSender(url), pool: true, maxConnections: 5, ...TIMEOUTS });
  return {
    async send({ messageId, to, subject, text }) {
      await transport.sendMail({ from: { name: 'Souk', address: from }, messageId, to, subject, text });
    },
    // Kept connections would keep the process.
    close: () => transport.close(),
  };
}

/** The sender's address an SMTP URL stands for. */
export function senderOf(url: string): string {
  const { searchParams, username, hostname } = new URL(url);
  const user = decodeURIComponent(username);
  return searchParams.get('from') ?? (user.includes('@') ? user : `no-reply@${hostname}`);
}

function withoutSender(url: string): string {
  const plain = new URL(url);
  plain.searchParams.delete('from');
  return plain.toString();
}
