/** Accounts alone: the confirmation mail, the audit log, the demonstration accounts, and that nothing personal stands in clear. */
import { randomUUID } from 'node:crypto';
import type { EventEnvelope } from '../../platform/bus/bus';
import { Fault } from '../../platform/errors';
import { Database } from '../../platform/db/database';
import { migrate } from '../../platform/db/prepare';
import { newUuid, toId } from '../../platform/ids';
import type { Mail, Mailer } from '../../platform/mail/mail';
import { accounts } from '../../subgraphs/accounts';
import { profileKey } from '../../subgraphs/accounts/profile.loaders';
import { seedAccounts } from '../../subgraphs/accounts/seed';
import { contents, PASSWORD, startAccounts, type AccountsUnderTest } from '../support/accounts';

interface Described {
  ownerKind: 'user' | 'guest';
  ownerId: string;
  sealedEmail: string | null;
  sealedToken: string | null;
}
const orders = new Map<string, Described>();
let ordersUp = true;
let shop: AccountsUnderTest;
beforeAll(async () => {
  shop = await startAccounts({
    commands: {
      'cart.mergeGuestCart.v1': () => ({ merged: true }),
      'orders.describeOrder.v1': ({ orderId }: { orderId: string }) => {
        if (!ordersUp) throw new Fault('SERVICE_UNAVAILABLE');
        const order = orders.get(orderId);
        const rest = {
          orderId,
          number: 'K7-XQ2',
          placedAt: '2026-11-21T10:00:00.000Z',
          currencyCode: 'USD',
          total: '2999',
        };
        const lines = [{ productName: 'Mug', variantName: 'Blue', sku: 'MUG-1', quantity: 1, total: '2999' }];
        return { order: order ? { ...rest, ...order, lines } : null };
      },
    },
  });
});
afterAll(() => shop.stop());
beforeEach(() => {
  shop.mails.length = 0;
  ordersUp = true;
});

/** Somebody whose registration has been mailed about. */
const customer = async () => {
  const person = await shop.person();
  await shop.services.db.rows(`DELETE FROM mail WHERE kind = 'verify-email'`);
  return person;
};
const confirmed = (orderId: string): EventEnvelope => ({
  id: newUuid(),
  name: 'orders.orderConfirmed',
  version: 1,
  aggregateId: orderId,
  aggregateVersion: 2,
  time: '2026-11-21T10:00:00.000Z',
  cause: 'test',
  payload: { orderId, ownerKind: 'user', ownerId: randomUUID(), lines: [] },
});
const status = async (orderId: string) =>
  (await shop.services.db.rows('SELECT status, attempts FROM mail WHERE subject_id = $1', [orderId]))[0];
const makeDue = (orderId: string) =>
  shop.services.db.rows(`UPDATE mail SET due_at = now() - interval '1 s' WHERE subject_id = $1`, [orderId]);
const sendMails = () => shop.runJob('accounts.send-mails');

describe('order confirmation', () => {
  it('goes to the account once, whatever is delivered twice and however many send', async () => {
    const { email, principal } = await customer();
    const orderId = newUuid();
    orders.set(orderId, { ownerKind: 'user', ownerId: principal.id, sealedEmail: null, sealedToken: null });
    const event = confirmed(orderId);
    await Promise.all([shop.deliver(event), shop.deliver(event), shop.deliver(confirmed(orderId))]);
    await shop.deliver(event);
    await Promise.all(Array.from({ length: 5 }, sendMails));
    await shop.deliver(confirmed(orderId));
    await makeDue(orderId);
    await sendMails();
    expect(shop.mails).toEqual([
      expect.objectContaining({ to: email, messageId: `<order-confirmation.${toId('ord', orderId)}@souk>` }),
    ]);
    expect(shop.mails[0]!.text).toContain('Total  29.99 USD');
    expect(await status(orderId)).toEqual({ status: 'SENT', attempts: 1 });
  });

  it('is not sent for an API client, whose buyers are its partner’s', async () => {
    const event = confirmed(newUuid());
    await shop.deliver({ ...event, payload: { ...(event.payload as object), ownerKind: 'client' } });
    expect(await status(event.aggregateId)).toBeUndefined();
  });

  it('goes to a guest with the token', async () => {
    const orderId = newUuid();
    const { sealer } = shop.services;
    orders.set(orderId, {
      ownerKind: 'guest',
      ownerId: randomUUID(),
      sealedEmail: sealer.seal('guest@example.com'),
      sealedToken: sealer.seal('guest-order-token'),
    });
    await shop.deliver(confirmed(orderId));
    await sendMails();
    expect(shop.mails).toEqual([expect.objectContaining({ to: 'guest@example.com' })]);
    expect(shop.mails[0]!.text).toContain('token: "guest-order-token"');
  });

  it('waits longer after each failure, goes on when it can, and does not hold up the others', async () => {
    const { principal } = await customer();
    const mine = { ownerKind: 'user' as const, ownerId: principal.id, sealedEmail: null, sealedToken: null };
    const [failing, fine] = [newUuid(), newUuid()];
    await shop.deliver(confirmed(failing));
    orders.set(fine, mine);
    await shop.deliver(confirmed(fine));
    await sendMails();
    await sendMails();
    expect(shop.mails).toHaveLength(1);
    expect(await status(failing)).toEqual({ status: 'WAITING', attempts: 1 });
    const [{ seconds }] = (await shop.services.db.rows<{ seconds: number }>(
      `SELECT extract(epoch FROM due_at - now())::float AS seconds FROM mail WHERE subject_id = $1`,
      [failing],
    )) as [{ seconds: number }];
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(2);
    ordersUp = false;
    await makeDue(failing);
    await sendMails();
    expect(await status(failing)).toEqual({ status: 'WAITING', attempts: 2 });
    ordersUp = true;
    orders.set(failing, mine);
    await makeDue(failing);
    await sendMails();
    expect(await status(failing)).toEqual({ status: 'SENT', attempts: 3 });
    expect(shop.mails).toHaveLength(2);
  });

  it('is given up in the end, for an operator to see', async () => {
    const orderId = newUuid();
    await shop.deliver(confirmed(orderId));
    await shop.services.db.rows('UPDATE mail SET attempts = 59 WHERE subject_id = $1', [orderId]);
    await sendMails();
    await makeDue(orderId);
    await sendMails();
    expect(await status(orderId)).toEqual({ status: 'FAILED', attempts: 60 });
    expect(shop.mails).toEqual([]);
  });

  it('is not sent by a second process while the first one is at it', async () => {
    const { principal } = await customer();
    const orderId = newUuid();
    orders.set(orderId, { ownerKind: 'user', ownerId: principal.id, sealedEmail: null, sealedToken: null });
    await shop.deliver(confirmed(orderId));
    // As a process leaves it that was killed after taking it: leased.
    await shop.services.db.rows(
      `UPDATE mail SET attempts = 1, due_at = now() + interval '25 seconds' WHERE subject_id = $1`,
      [orderId],
    );
    await sendMails();
    expect(shop.mails).toEqual([]);
    await makeDue(orderId);
    await sendMails();
    expect(shop.mails).toHaveLength(1);
  });
});

describe('two processes', () => {
  /** Another process on the same database, with a mail server of its own making. */
  const startTwin = async (send: Mailer['send']) => {
    const { entities, migrations, name: subgraph } = accounts;
    const db = await Database.connect({ subgraph, url: shop.url, entities, migrations });
    const { consumers, jobs } = accounts.start({ ...shop.services, db, mailer: { send } });
    return {
      deliver: consumers.find(({ queue }) => queue === 'accounts.order-confirmation')!.handle,
      sendMails: () => jobs.find(({ name }) => name === 'accounts.send-mails')!.run(),
      close: () => db.close(),
    };
  };
  const orderOfSomebody = async (): Promise<string> => {
    const { principal } = await customer();
    const orderId = newUuid();
    orders.set(orderId, { ownerKind: 'user', ownerId: principal.id, sealedEmail: null, sealedToken: null });
    return orderId;
  };

  it('that are both told five times and both send: one mail', async () => {
    const twin = await startTwin((mail) => shop.services.mailer.send(mail));
    try {
      for (let round = 0; round < 5; round += 1) {
        const orderId = await orderOfSomebody();
        const event = confirmed(orderId);
        const tell = Array.from({ length: 5 }, () => [shop.deliver(event), twin.deliver(event)]).flat();
        await Promise.all([...tell, sendMails(), twin.sendMails()]);
        await Promise.all([sendMails(), twin.sendMails(), sendMails(), twin.sendMails()]);
        await Promise.all([shop.deliver(event), twin.deliver(confirmed(orderId))]);
        await Promise.all([sendMails(), twin.sendMails()]);
        expect(shop.mails.filter(({ messageId }) => messageId.includes(toId('ord', orderId)))).toHaveLength(1);
        expect(await status(orderId)).toEqual({ status: 'SENT', attempts: 1 });
      }
    } finally {
      await twin.close();
    }
  });

  it("of which one dies between the mail server's yes and the note of it: the other sends the same mail within 30 s", async () => {
    const taken: Mail[] = [];
    let reached = (): void => undefined;
    const accepted = new Promise<void>((resolve) => (reached = resolve));
    const dying = await startTwin((mail) => {
      taken.push(mail);
      reached();
      return new Promise(() => undefined); // nobody is left to hear the answer
    });
    const orderId = await orderOfSomebody();
    await shop.deliver(confirmed(orderId));
    void dying.sendMails();
    await accepted;
    await dying.close();
    const [left] = await shop.services.db.rows<{ seconds: number }>(
      'SELECT extract(epoch FROM due_at - now())::float AS seconds FROM mail WHERE subject_id = $1',
      [orderId],
    );
    // With the job's second between two runs.
    expect(left!.seconds).toBeLessThan(29);
    await sendMails();
    expect(shop.mails).toEqual([]);
    await makeDue(orderId);
    await sendMails();
    // A mail program that knows the Message-ID shows one: nothing more can be promised of mail.
    expect(shop.mails).toEqual(taken);
    expect(await status(orderId)).toEqual({ status: 'SENT', attempts: 2 });
  });
});

describe('audit log', () => {
  const audit = (id: string): EventEnvelope => ({
    id,
    name: 'audit.recorded',
    version: 1,
    aggregateId: id,
    aggregateVersion: 0,
    time: '2026-11-21T10:00:00.000Z',
    cause: 'test',
    payload: {
      actorKind: 'user',
      actorId: id,
      action: 'adjustStock',
      target: 'var_1',
      time: '2026-11-21T10:00:00.000Z',
      requestId: 'r1',
    },
  });

  it('keeps each event once, those of accounts too', async () => {
    const id = newUuid();
    await Promise.all([shop.deliver(audit(id)), shop.deliver(audit(id))]);
    // Pruned from the inbox, and delivered once more.
    await shop.services.db.rows('DELETE FROM inbox WHERE event_id = $1', [id]);
    await shop.deliver(audit(id));
    expect(await shop.services.db.rows('SELECT * FROM audit_log WHERE id = $1', [id])).toEqual([
      {
        id,
        actor_kind: 'user',
        actor_id: id,
        action: 'adjustStock',
        target: 'var_1',
        time: new Date('2026-11-21T10:00:00.000Z'),
        request_id: 'r1',
        position: expect.any(String) as string,
        hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      },
    ]);
    const { principal } = await shop.person();
    await shop.deliverOutbox();
    expect(
      await shop.services.db.rows('SELECT action, target FROM audit_log WHERE actor_id = $1', [principal.id]),
    ).toEqual([{ action: 'register', target: toId('sess', principal.sessionId) }]);
  });

  it.each(['UPDATE audit_log SET action = $$x$$', 'DELETE FROM audit_log', 'TRUNCATE audit_log'])(
    'refuses %s',
    async (sql) => {
      const before = await contents(shop);
      await expect(shop.services.db.rows(sql)).rejects.toThrow('append-only');
      expect((await contents(shop))['audit_log']).toEqual(before['audit_log']);
      expect(before['audit_log']!.length).toBeGreaterThan(0);
    },
  );
});

describe('personal data', () => {
  it('stands in no column in clear, nor in the cache', async () => {
    const canary = 'canary7f3';
    const email = `${canary}-mail@example.com`;
    const password = `${canary}-password`;
    const result = await shop.run(
      `mutation ($input: RegisterInput!) { register(input: $input) { session { accessToken refreshToken } } }`,
      {
        input: {
          email,
          password,
          firstName: `${canary} Ada`,
          lastName: `${canary} Byron`,
          cartToken: `${canary}-cart`,
        },
      },
    );
    const { session } = (result.data as { register: { session: { accessToken: string; refreshToken: string } } })
      .register;
    const principal = await shop.principalOf(session.accessToken);
    const address = Object.fromEntries(
      ['name', 'line1', 'line2', 'city', 'region', 'phone'].map((field) => [field, `${canary} ${field}`]),
    );
    const input = { address: { ...address, postalCode: canary, countryCode: 'US' }, isDefault: true };
    const made = await shop.run(
      'mutation ($input: CreateAddressInput!) { createAddress(input: $input) { address { id } userErrors { code } } }',
      { input },
      principal,
    );
    expect(made.data).toMatchObject({
      createAddress: { address: { id: expect.any(String) as unknown }, userErrors: [] },
    });
    await shop.run(
      `mutation { updateProfile(input: { firstName: "${canary} Grace" }) { user { id } } }`,
      {},
      principal,
    );
    const refreshed = await shop.run(
      'mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { session { refreshToken } } }',
      { token: session.refreshToken },
    );
    const orderId = newUuid();
    orders.set(orderId, { ownerKind: 'user', ownerId: principal.id, sealedEmail: null, sealedToken: null });
    await shop.deliver(confirmed(orderId));
    await shop.deliverOutbox();
    await sendMails();
    expect(shop.mails.filter(({ to }) => to === email)).toHaveLength(2);

    const through = jest.spyOn(shop.services.cache, 'through');
    const cached: string[] = [];
    await shop.services.cache.forget(profileKey(principal.id));
    const me = await shop.run('{ me { email firstName } }', {}, principal);
    expect(me.data).toEqual({ me: { email, firstName: `${canary} Grace` } });
    for (const call of through.mock.results) cached.push(JSON.stringify(await call.value));
    through.mockRestore();
    expect(cached).toHaveLength(1);

    const { refreshSession } = refreshed.data as { refreshSession: { session: { refreshToken: string } } };
    const text = JSON.stringify([await contents(shop), cached]).toLowerCase();
    expect(text).not.toContain(canary);
    // Nor in another spelling, nor a token that somebody could use.
    expect(text).not.toContain(Buffer.from(canary).toString('hex'));
    expect(text).not.toContain(Buffer.from(email).toString('base64url').toLowerCase());
    for (const token of [session.refreshToken, refreshSession.session.refreshToken]) {
      expect(text).not.toContain(token.toLowerCase());
    }
  });
});

describe('demonstration accounts', () => {
  const LOGIN = `mutation ($input: LoginInput!) { login(input: $input) { user { role firstName addresses { isDefault } } } }`;

  it('are made once, whoever else makes them, and log in', async () => {
    await Promise.all([seedAccounts(shop.services), seedAccounts(shop.services)]);
    const before = await contents(shop);
    await seedAccounts(shop.services);
    expect(await contents(shop)).toEqual(before);
    const roles: Record<string, string> = {
      ada: 'CUSTOMER',
      grace: 'CUSTOMER',
      support: 'SUPPORT',
      partner: 'PARTNER',
      admin: 'ADMIN',
    };
    for (const [name, role] of Object.entries(roles)) {
      const input = { email: `${name}@souk.example`, password: 'souk-demo-password' };
      expect((await shop.run(LOGIN, { input })).data).toEqual({
        login: {
          user: {
            role,
            firstName: expect.any(String) as unknown,
            addresses: name === 'ada' ? [{ isDefault: true }] : [],
          },
        },
      });
    }
  });

  it('leave an address to whoever registered it first', async () => {
    const other = await startAccounts();
    try {
      const input = { email: 'Ada@souk.example', password: PASSWORD };
      await other.run('mutation ($input: RegisterInput!) { register(input: $input) { user { id } } }', { input });
      await seedAccounts(other.services);
      expect((await contents(other))['account']).toHaveLength(5);
      expect((await other.run(LOGIN, { input })).data).toMatchObject({ login: { user: { role: 'CUSTOMER' } } });
    } finally {
      await other.stop();
    }
  });

  it('are never made in production', async () => {
    const before = await contents(shop);
    const services = { ...shop.services, config: { ...shop.services.config, production: true } };
    await expect(seedAccounts(services)).rejects.toThrow('never made in production');
    expect(await contents(shop)).toEqual(before);
  });
});

describe('migrations', () => {
  const migrationsOf = async ({ services }: AccountsUnderTest) =>
    (await services.db.rows<{ name: string }>('SELECT name FROM migrations ORDER BY id')).map(({ name }) => name);

  it('go back and forth', async () => {
    const other = await startAccounts();
    try {
      await other.person();
      await other.services.db.rows(`UPDATE session SET ended_at = now(), end_reason = 'suspended'`);
      const names = (await migrationsOf(other)).filter((name) => !name.startsWith('CreateMessaging'));
      for (const name of names.toReversed()) {
        expect(await migrate(other.url, accounts.migrations, 'down')).toEqual([name]);
      }
      expect(Object.keys(await contents(other))).not.toContain('account');
      expect(await migrate(other.url, accounts.migrations)).toEqual(names);
      await other.person();
    } finally {
      await other.stop();
    }
  });
});
