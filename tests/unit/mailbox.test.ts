import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMailboxMailer, mailboxPage, readMailbox, renderMailbox } from '../../platform/mail/mailbox';
import { createSmtpMailer, senderOf } from '../../platform/mail/smtp';

const mail = (over: Partial<{ messageId: string; to: string; subject: string; text: string }> = {}) => ({
  messageId: '<one@souk>',
  to: 'ada@example.com',
  subject: 'Your order',
  text: 'Thank you.',
  ...over,
});

describe('mailbox', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'souk-mailbox-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is empty before the first mail, folder or not', async () => {
    expect(await readMailbox(join(folder, 'missing'), 10)).toEqual([]);
  });

  it('keeps a mail for each Message-ID, the newest first, whatever characters it has', async () => {
    const mailer = createMailboxMailer(join(folder, 'new'));
    await mailer.send(mail({ messageId: '<../../escape@souk>', subject: 'first' }));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await mailer.send(mail({ subject: 'second' }));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await mailer.send(mail({ subject: 'second again' }));
    const mails = await readMailbox(join(folder, 'new'), 10);
    expect(mails.map(({ subject }) => subject)).toEqual(['second again', 'first']);
    expect(mails[0]).toEqual({ ...mail({ subject: 'second again' }), sentAt: expect.any(String) as unknown });
    expect(await readdir(folder)).toEqual(['new']);
    expect((await readMailbox(join(folder, 'new'), 1)).map(({ subject }) => subject)).toEqual(['second again']);
  });

  it('does not show drafts', async () => {
    await writeFile(join(folder, 'x.tmp'), '{"half');
    expect(await readMailbox(folder, 10)).toEqual([]);
  });
});

describe('mailbox page', () => {
  const nasty = { ...mail({ subject: `<script>alert('x')</script>`, text: `a & "b" </pre><img src=x>` }), sentAt: 'T' };

  it('escapes what it shows', () => {
    const page = mailboxPage([nasty]);
    expect(page).toContain('<h2>&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;</h2>');
    expect(page).toContain('<pre>a &amp; &quot;b&quot; &lt;/pre&gt;&lt;img src=x&gt;</pre>');
    expect(page).not.toMatch(/<script|<img/);
  });

  it.each([
    ['application/json', 'application/json; charset=utf-8'],
    ['text/html,application/xhtml+xml', 'text/html; charset=utf-8'],
    ['*/*', 'text/html; charset=utf-8'],
    ['', 'text/html; charset=utf-8'],
  ])('answers %s with %s', (accept, contentType) => {
    expect(renderMailbox([nasty], accept).contentType).toBe(contentType);
  });

  it('gives JSON as it is', () => {
    expect(JSON.parse(renderMailbox([nasty], 'application/json').body)).toEqual({ mails: [nasty] });
  });
});

describe('SMTP', () => {
  it.each([
    ['smtp://mail.example:25', 'no-reply@mail.example'],
    ['smtp://shop%40example.com:secret@mail.example:25', 'shop@example.com'],
    ['smtp://user:secret@mail.example?from=orders%40example.com', 'orders@example.com'],
  ])('sends from the address of %s', (url, sender) => {
    expect(senderOf(url)).toBe(sender);
  });

  it('hands a server the message under its Message-ID, and rejects when it is refused', async () => {
    const { server, url, received, refuse } = await startSmtp();
    const mailer = createSmtpMailer(`${url}?from=orders%40souk.example`);
    try {
      await mailer.send(mail());
      expect(received.join('')).toMatch(/MAIL FROM:<orders@souk\.example>/);
      expect(received.join('')).toMatch(/RCPT TO:<ada@example\.com>/);
      expect(received.join('')).toMatch(/Message-ID: <one@souk>/);
      refuse();
      await expect(mailer.send(mail({ messageId: '<two@souk>' }))).rejects.toThrow();
    } finally {
      mailer.close();
      server.close();
      server.sockets.forEach((socket) => socket.destroy());
    }
  });
});

/** As much of RFC 5321 as a client needs to hand over a message. */
async function startSmtp() {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  let refusing = false;
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    let data = false;
    socket.write('220 test\r\n');
    socket.on('data', (chunk) => {
      const text = chunk.toString();
      received.push(text);
      for (const line of text.split('\r\n')) {
        if (data) {
          if (line !== '.') continue;
          data = false;
          socket.write('250 taken\r\n');
        } else if (/^(EHLO|HELO|RSET)/i.test(line)) socket.write('250 hello\r\n');
        else if (/^MAIL/i.test(line)) socket.write(refusing ? '451 not now\r\n' : '250 ok\r\n');
        else if (/^RCPT/i.test(line)) socket.write('250 ok\r\n');
        else if (/^DATA/i.test(line)) {
          data = true;
          socket.write('354 go\r\n');
        } else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return {
    server: Object.assign(server, { sockets }),
    url: `smtp://127.0.0.1:${address.port}`,
    received,
    refuse: () => void (refusing = true),
  };
}
