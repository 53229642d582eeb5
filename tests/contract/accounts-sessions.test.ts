/** Accounts alone: registering, logging in, refreshing, logging out. */
import { randomUUID } from 'node:crypto';
import { Fault } from '../../platform/errors';
import { readSessions } from '../../subgraphs/accounts/messages';
import {
  contents,
  PASSWORD,
  requestStatements,
  startAccounts,
  type AccountsUnderTest,
  type Person,
} from '../support/accounts';

const merges: { userId: string; cartToken: string; principal: string }[] = [];
let cart: 'up' | 'down' = 'up';
let shop: AccountsUnderTest;
beforeAll(async () => {
  shop = await startAccounts({
    commands: {
      'cart.mergeGuestCart.v1': (input: { userId: string; cartToken: string }, { principal }) => {
        if (cart === 'down') throw new Fault('SERVICE_UNAVAILABLE');
        merges.push({ ...input, principal: principal.kind });
        return { merged: input.cartToken !== 'unknown' };
      },
    },
  });
});
afterAll(() => shop.stop());
beforeEach(() => {
  merges.length = 0;
  cart = 'up';
});

const PAYLOAD = `{ session { accessToken refreshToken expiresAt } user { id email role } userErrors { __typename code message field details } }`;
const REGISTER = `mutation ($input: RegisterInput!) { register(input: $input) ${PAYLOAD} }`;
const LOGIN = `mutation ($input: LoginInput!) { login(input: $input) ${PAYLOAD} }`;
const REFRESH = `mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) ${PAYLOAD} }`;

interface SignedIn {
  session: { accessToken: string; refreshToken: string; expiresAt: Date } | null;
  user: { id: string; email: string; role: string } | null;
  userErrors: { code: string; field: string[] | null }[];
}
const payloadOf = (result: { data?: unknown }, name: string): SignedIn =>
  (result.data as Record<string, SignedIn>)[name]!;
const logIn = async (input: Record<string, unknown>) => payloadOf(await shop.run(LOGIN, { input }), 'login');
const refresh = async (refreshToken: string) => {
  const result = await shop.run(REFRESH, { input: { refreshToken } });
  return result.errors?.[0]?.extensions['code'] ?? payloadOf(result, 'refreshSession').session!.refreshToken;
};
const address = () => `someone-${randomUUID()}@example.com`;

describe('register', () => {
  it('makes a customer, signs in, runs the rest as that user and says so to others', async () => {
    const email = address();
    const result = await shop.run(`mutation ($input: RegisterInput!) { register(input: $input) ${PAYLOAD} }`, {
      input: { email, password: PASSWORD, firstName: 'Ada', lastName: null },
    });
    const { session, user, userErrors } = payloadOf(result, 'register');
    expect(userErrors).toEqual([]);
    expect(user).toEqual({ id: expect.stringMatching(/^user_/) as unknown, email, role: 'CUSTOMER' });
    expect(result.extensions).toEqual({ accessToken: session!.accessToken });
    const principal = await shop.principalOf(session!.accessToken);
    expect(principal).toMatchObject({ kind: 'user', role: 'CUSTOMER' });
    expect(new Date(session!.expiresAt)).toEqual(new Date(shop.clock.now().getTime() + 3_600_000));
    const events = await shop.services.db.rows(
      `SELECT name, payload->>'action' AS action FROM outbox WHERE aggregate_id = $1 ORDER BY position`,
      [principal.id],
    );
    expect(events).toEqual([
      { name: 'accounts.userRegistered', action: null },
      { name: 'audit.recorded', action: 'register' },
    ]);
  });

  it('refuses an address that has an account, whatever its case, and changes nothing', async () => {
    const { email } = await shop.person();
    const before = await contents(shop);
    const result = await shop.run(REGISTER, { input: { email: email.toUpperCase(), password: PASSWORD } });
    expect(payloadOf(result, 'register')).toMatchObject({
      session: null,
      user: null,
      userErrors: [{ __typename: 'InputError', code: 'CONFLICT', field: ['email'], details: { retryable: false } }],
    });
    expect(result.extensions).toBeUndefined();
    expect(await contents(shop)).toEqual(before);
  });

  it('gives an address one account when many ask at once', async () => {
    const email = address();
    const results = await Promise.all(
      Array.from({ length: 6 }, () => shop.run(REGISTER, { input: { email, password: PASSWORD } })),
    );
    const codes = results.map((result) => payloadOf(result, 'register').userErrors[0]?.code ?? 'registered');
    expect(codes.sort()).toEqual([...Array<string>(5).fill('CONFLICT'), 'registered']);
  });
});

describe('login', () => {
  it('knows no case of the address, and sees the password exactly', async () => {
    const { email, id } = await shop.person();
    expect((await logIn({ email: email.toUpperCase(), password: PASSWORD })).user?.id).toBe(id);
    for (const password of [PASSWORD.toUpperCase(), `${PASSWORD} `, 'short']) {
      expect(await logIn({ email, password })).toMatchObject({ session: null, user: null });
    }
  });

  it('answers a wrong password and an unknown address alike, in about the same time, and changes nothing but the count of the brake', async () => {
    const { email } = await shop.person();
    const before = { ...(await contents(shop)), account_brake: [] };
    const timed = async (input: Record<string, unknown>): Promise<[number, unknown]> => {
      const start = performance.now();
      const answer = await logIn(input);
      return [performance.now() - start, answer];
    };
    const times: Record<'wrong' | 'unknown', number[]> = { wrong: [], unknown: [] };
    for (let turn = 0; turn < 5; turn += 1) {
      const [wrongTime, wrong] = await timed({ email, password: 'not the password' });
      const [unknownTime, unknown] = await timed({ email: address(), password: 'not the password' });
      expect(wrong).toEqual(unknown);
      expect(wrong).toMatchObject({
        session: null,
        user: null,
        userErrors: [{ code: 'UNAUTHENTICATED', field: null }],
      });
      times.wrong.push(wrongTime);
      times.unknown.push(unknownTime);
    }
    // Without a hash for nobody it would be a tenth.
    expect(Math.min(...times.unknown)).toBeGreaterThan(Math.min(...times.wrong) / 2);
    expect({ ...(await contents(shop)), account_brake: [] }).toEqual(before);
  });

  it('has the guest cart merged as the user, and succeeds whatever becomes of that', async () => {
    const { email, principal } = await shop.person();
    expect((await logIn({ email, password: PASSWORD, cartToken: 'guest-token' })).session).not.toBeNull();
    expect(merges).toEqual([{ userId: principal.id, cartToken: 'guest-token', principal: 'user' }]);
    expect((await logIn({ email, password: PASSWORD, cartToken: 'unknown' })).session).not.toBeNull();
    cart = 'down';
    const down = await logIn({ email, password: PASSWORD, cartToken: 'guest-token' });
    expect(down).toMatchObject({ session: { accessToken: expect.any(String) as unknown }, userErrors: [] });
    expect((await logIn({ email, password: PASSWORD })).session).not.toBeNull();
    expect(merges).toHaveLength(2);
  });
});

describe('refreshSession', () => {
  const state = async ({ principal }: Person) =>
    (
      await shop.services.db.rows<{ reason: string | null; tokens: number; current: number }>(
        `SELECT end_reason AS reason, count(*)::integer AS tokens, (count(*) FILTER (WHERE used_at IS NULL))::integer AS current
         FROM session JOIN refresh_token ON session_id = session.id WHERE session.id = $1 GROUP BY session.id`,
        [principal.sessionId],
      )
    )[0];

  it('gives 20 who bring the same token at once the same successor, and makes one', async () => {
    const person = await shop.person();
    const successors = await Promise.all(Array.from({ length: 20 }, () => refresh(person.refreshToken)));
    expect(new Set(successors).size).toBe(1);
    expect(successors[0]).toMatch(/^[\w-]{43}$/);
    expect(successors[0]).not.toBe(person.refreshToken);
    expect(await state(person)).toEqual({ reason: null, tokens: 2, current: 1 });
  });

  it('gives the same successor for 10 s, also when that has been used; later it ends the family', async () => {
    const person = await shop.person();
    const second = await refresh(person.refreshToken);
    const third = await refresh(second as string);
    shop.clock.advance(10_000);
    expect(await refresh(person.refreshToken)).toBe(second);
    expect(await refresh(second as string)).toBe(third);
    shop.clock.advance(1);
    expect(await refresh(person.refreshToken)).toBe('UNAUTHENTICATED');
    expect(await state(person)).toEqual({ reason: 'reuse', tokens: 3, current: 1 });
    expect(await refresh(third as string)).toBe('UNAUTHENTICATED');
    const audit = (await shop.audited()).filter((entry) => entry.startsWith('refreshTokenReused'));
    expect(audit).toHaveLength(1);
  });

  it('ends one family when a token is reused, not the others of the user', async () => {
    const person = await shop.person();
    const other = await logIn({ email: person.email, password: PASSWORD });
    await refresh(person.refreshToken);
    shop.clock.advance(60_000);
    expect(await refresh(person.refreshToken)).toBe('UNAUTHENTICATED');
    expect(await refresh(other.session!.refreshToken)).toMatch(/^[\w-]{43}$/);
  });

  it('lives 30 days without use, and on with it', async () => {
    const [used, unused] = [await shop.person(), await shop.person()];
    shop.clock.advance(29 * 86_400_000);
    const next = await refresh(used.refreshToken);
    shop.clock.advance(86_400_000);
    expect(await refresh(unused.refreshToken)).toBe('UNAUTHENTICATED');
    expect(await refresh(next as string)).toMatch(/^[\w-]{43}$/);
  });

  it('has the role of now in the next access token, and no unknown token', async () => {
    const person = await shop.person();
    await shop.services.db.rows(`UPDATE account SET role = 'SUPPORT' WHERE id = $1`, [person.principal.id]);
    const result = await shop.run(REFRESH, { input: { refreshToken: person.refreshToken } });
    const { session } = payloadOf(result, 'refreshSession');
    expect(await shop.principalOf(session!.accessToken)).toEqual({ ...person.principal, role: 'SUPPORT' });
    expect(await refresh('x'.repeat(43))).toBe('UNAUTHENTICATED');
  });

  it('runs the rest of the operation as the user', async () => {
    const person = await shop.person();
    const result = await shop.run(
      `mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { user { email addresses { id } } } }`,
      { input: { refreshToken: person.refreshToken } },
    );
    expect(result.data).toEqual({ refreshSession: { user: { email: person.email, addresses: [] } } });
  });
});

describe('logout', () => {
  it('ends this session and no other, again without effect', async () => {
    const person = await shop.person();
    const other = await logIn({ email: person.email, password: PASSWORD });
    for (let turn = 0; turn < 2; turn += 1) {
      const { data } = await shop.run('mutation { logout { user { id } userErrors { code } } }', {}, person.principal);
      expect(data).toEqual({ logout: { user: { id: person.id }, userErrors: [] } });
    }
    expect(await refresh(person.refreshToken)).toBe('UNAUTHENTICATED');
    expect(await refresh(other.session!.refreshToken)).toMatch(/^[\w-]{43}$/);
    const logouts = (await shop.audited()).filter((entry) => entry.startsWith('logout '));
    expect(logouts).toHaveLength(1);
  });

  it('everywhere ends all of the user, and nobody else', async () => {
    const [person, stranger] = [await shop.person(), await shop.person()];
    const other = await logIn({ email: person.email, password: PASSWORD });
    await shop.run('mutation { logoutEverywhere { user { id } } }', {}, person.principal);
    expect(await refresh(person.refreshToken)).toBe('UNAUTHENTICATED');
    expect(await refresh(other.session!.refreshToken)).toBe('UNAUTHENTICATED');
    expect(await refresh(stranger.refreshToken)).toMatch(/^[\w-]{43}$/);
    expect(await shop.audited()).toContain(`logoutEverywhere ${person.id}`);
  });

  it.each(['logout', 'logoutEverywhere'])('%s is for those who are signed in', async (name) => {
    const before = await contents(shop);
    const result = await shop.run(`mutation { ${name} { user { id } } }`);
    expect(result.data).toEqual({ [name]: null });
    expect(result.errors?.[0]?.extensions).toEqual({ code: 'UNAUTHENTICATED' });
    expect(await contents(shop)).toEqual(before);
  });
});

describe('readSessions', () => {
  it('tells services how sessions stand and what role their users have now', async () => {
    const [gone, staff] = [await shop.person(), await shop.person('SUPPORT')];
    await shop.run('mutation { logout { user { id } } }', {}, gone.principal);
    const sessionIds = [gone, staff].map(({ principal }) => principal.sessionId);
    const { sessions } = await shop.command(readSessions, { sessionIds: [...sessionIds, randomUUID()] });
    expect(new Map(sessions.map(({ sessionId, ...rest }) => [sessionId, rest]))).toEqual(
      new Map([
        [sessionIds[0], { userId: gone.principal.id, role: 'CUSTOMER', active: false }],
        [sessionIds[1], { userId: staff.principal.id, role: 'SUPPORT', active: true }],
      ]),
    );
  });

  it('is for services alone', async () => {
    const { principal } = await shop.person();
    await expect(shop.command(readSessions, { sessionIds: [principal.sessionId] }, { principal })).rejects.toThrow(
      Fault,
    );
  });
});

describe('what is kept', () => {
  it('is pruned when it is of no use: expired sessions and tokens, sessions that ended a day ago', async () => {
    const [expired, ended, alive] = [await shop.person(), await shop.person(), await shop.person()];
    await shop.run('mutation { logout { user { id } } }', {}, ended.principal);
    const sessions = async (): Promise<unknown[]> =>
      shop.services.db.rows('SELECT 1 FROM session WHERE id = ANY($1)', [
        [expired, ended, alive].map(({ principal }) => principal.sessionId),
      ]);
    shop.clock.advance(23 * 3_600_000);
    await shop.runJob('accounts.prune-sessions');
    expect(await sessions()).toHaveLength(3);
    shop.clock.advance(2 * 3_600_000);
    const next = await refresh(alive.refreshToken);
    await shop.runJob('accounts.prune-sessions');
    expect(await sessions()).toHaveLength(2);
    shop.clock.advance(29 * 86_400_000);
    await shop.runJob('accounts.prune-sessions');
    expect(await sessions()).toHaveLength(1);
    expect(await refresh(next as string)).toMatch(/^[\w-]{43}$/);
    const [row] = await shop.services.db.rows(
      'SELECT count(*)::integer AS count FROM refresh_token WHERE expires_at < $1',
      [shop.clock.now()],
    );
    expect(row).toEqual({ count: 0 });
  });

  it('costs nothing to say who is asking', async () => {
    const { id, principal } = await shop.person();
    const before = await requestStatements();
    expect((await shop.run('{ me { id } }', {}, principal)).data).toEqual({ me: { id } });
    expect((await shop.run('{ me { id email } }')).data).toEqual({ me: null });
    expect(await requestStatements()).toBe(before);
  });
});
