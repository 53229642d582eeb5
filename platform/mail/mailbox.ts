/** A mailbox for development: a folder with a file for each message, and a page that shows it. Holds messages in clear. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Mail, Mailer } from './mail';

const storedMail = z.object({
  messageId: z.string(),
  to: z.string(),
  subject: z.string(),
  text: z.string(),
  sentAt: z.iso.datetime(),
});

/** A message in the mailbox; `sentAt` is ISO 8601. */
export type StoredMail = z.output<typeof storedMail>;

/** Puts each message into a file of the folder, made if it is missing. The same Message-ID again replaces the first. */
export function createMailboxMailer(folder: string): Mailer {
  return {
    async send(mail: Mail) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const stored: StoredMail = { ...mail, sentAt: new Date().toISOString() };
      // Hashed: a Message-ID may hold characters that mean something in a path.
      const name = createHash('sha256').update(mail.messageId).digest('hex').slice(0, 32);
      const draft = join(folder, `${randomUUID()}.tmp`);
      await writeFile(draft, JSON.stringify(stored, null, 2), { mode: 0o600 });
      // Whoever reads sees the whole message or none.
      await rename(draft, join(folder, `${name}.json`));
    },
  };
}

/** The newest messages of a folder, made if it is missing; the newest first, at most `limit`. */
export async function readMailbox(folder: string, limit: number): Promise<StoredMail[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const names = await readdir(folder);
  const files = await Promise.all(
    names
      .filter((name) => name.endsWith('.json'))
      .map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })),
  );
  const newest = files.sort((a, b) => b.at - a.at).slice(0, limit);
  return Promise.all(
    newest.map(async ({ name }) => storedMail.parse(JSON.parse(await readFile(join(folder, name), 'utf8')))),
  );
}

/** The mailbox as an answer: `{ mails }` as JSON when the client accepts that and no HTML, else a page. */
export function renderMailbox(mails: readonly StoredMail[], accept: string): { contentType: string; body: string } {
  if (accept.includes('application/json') && !accept.includes('text/html')) {
    return { contentType: 'application/json; charset=utf-8', body: JSON.stringify({ mails }) };
  }
  return { contentType: 'text/html; charset=utf-8', body: mailboxPage(mails) };
}

/** The mailbox as a page of its own: no script, nothing from elsewhere. */
export function mailboxPage(mails: readonly StoredMail[]): string {
  const list = mails.map(
    ({ to, subject, text, sentAt }) => `<article>
<h2>${escapeHtml(subject)}</h2>
<p>To ${escapeHtml(to)}, <time datetime="${escapeHtml(sentAt)}">${escapeHtml(sentAt)}</time></p>
<pre>${escapeHtml(text)}</pre>
</article>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Souk: mailbox</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fafafa }
article { background: #fff; border: 1px solid #ddd; border-radius: 8px; padding: 1rem 1.5rem; margin: 1rem 0 }
h2 { margin: 0; font-size: 1.1rem } p { margin: 0; color: #666 } pre { white-space: pre-wrap; overflow-wrap: anywhere }
</style>
</head>
<body>
<h1>Mailbox</h1>
${list.join('\n') || '<p>No mail yet. Place an order.</p>'}
</body>
</html>
`;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
