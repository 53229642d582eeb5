/** Accounts alone: confirming and changing the e-mail address, resetting and changing the password. */
import { randomUUID } from 'node:crypto';
import { toId } from '../../platform/ids';
import {
  contents,
  PASSWORD,
  requestStatements,
  startAccounts,
  type AccountsUnderTest,
  type Person,
} from '../support/accounts';

let shop: AccountsUnderTest;
beforeAll(async () => {
  shop = await startAccounts();
});
afterAll(() => shop.stop());
afterEach(() => shop.clock.advance(16 * 60_000));

const NEW = 'another password for tests';
const ERRORS = 'userErrors { code field details }';
interface Outcome {
  user: { id: string } | null;
  userErrors: { code: string; field: string[] | null; details: unknown }[];
}

/** Runs a mutation with one input; gives its payload, or the codes of its GraphQL errors. */
async function run(name: string, input: Record<string, string> | null, by?: Person, select = 'user { id }') {
  const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input!`;
  const [head, args] = input ? [`($input: ${type})`, '(input: $input)'] : ['', ''];
  const query = `mutation ${head} { ${name}${args} { ${select} ${ERRORS} } }`;
  const { data, errors } = await shop.run(query, input ? { input } : {}, by?.principal, '192.0.2.1');
  return errors ? errors.map(({ extensions }) => extensions['code']) : (data as Record<string, Outcome>)[name]!;
}
const done = (person: Person) => ({ user: { id: person.id }, userErrors: [] });
const refused = (code: string, field: string[] | null = null, details: unknown = null) => ({
  user: null,
  userErrors: [{ code, field, details }],
});
const VOID = refused('NOT_FOUND', ['token']);

/** Sends what is due and gives the mails by kind and address, with their tokens. */
async function mails() {
  shop.mails.length = 0;
  await shop.runJob('accounts.answer-resets');
  await shop.runJob('accounts.send-mails');
  return shop.mails.map(({ messageId, to, text }) => ({
    kind: /^<([a-z-]+)\./.exec(messageId)![1]!,
    to,
    token: /\?token=([\w-]+)/.exec(text)?.[1],
  }));
}
const tokenFor = async (kind: string) => (await mails()).find((mail) => mail.kind === kind)!.token!;
const logIn = async (email: string, password: string) => {
  const query =
    'mutation ($input: LoginInput!) { login(input: $input) { session { refreshToken } userErrors { code } } }';
  const { data } = await shop.run(query, { input: { email, password } });
  return (data as { login: { session: unknown } }).login.session !== null;
};
const refreshes = async ({ refreshToken }: Person) => {
  const query = 'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { session { expiresAt } } }';
  return (await shop.run(query, { input: { refreshToken } })).errors === undefined;
};
const me = async (person: Person) =>
  ((await shop.run('{ me { email emailVerified } }', {}, person.principal)).data as { me: unknown }).me;
const person = async () => {
  const one = await shop.person();
  await mails();
  return one;
};
/** All but what the brake counts. */
const standing = async () => ({ ...(await contents(shop)), account_brake: [], address_brake: [] });

describe('verifyEmail', () => {
  it('takes the token mailed at registration, once', async () => {
    const ada = await shop.person();
    const [mail] = await mails();
    expect(mail).toEqual({ kind: 'verify-email', to: ada.email, token: expect.any(String) as string });
    expect(shop.mails[0]!.text).toContain(`http://127.0.0.1:4000/verify-email?token=${mail!.token}`);
    expect(await me(ada)).toEqual({ email: ada.email, emailVerified: false });
    const outcomes = await Promise.all([1, 2, 3].map(() => run('verifyEmail', { token: mail!.token! })));
    expect(outcomes.filter((outcome) => 'user' in outcome && outcome.user)).toEqual([done(ada)]);
    expect(await me(ada)).toEqual({ email: ada.email, emailVerified: true });
    expect(await run('verifyEmail', { token: mail!.token! })).toEqual(VOID);
    expect(await shop.audited()).toContain(`verifyEmail ${ada.id}`);
    expect(await run('requestEmailVerification', null, ada)).toEqual(refused('CONFLICT', null, { retryable: false }));
    expect(await mails()).toEqual([]);
  });

  it('refuses what is unknown, too old, or for something else, and changes nothing', async () => {
    const ada = await shop.person();
    const token = await tokenFor('verify-email');
    await run('requestPasswordReset', { email: ada.email }, undefined, 'requested');
    const reset = await tokenFor('reset-password');
    const before = await standing();
    expect(await run('verifyEmail', { token: 'unknown' })).toEqual(VOID);
    expect(await run('verifyEmail', { token: reset })).toEqual(VOID);
    expect(await run('verifyEmail', { token: '' })).toEqual(refused('VALIDATION_ERROR', ['token'], { minimum: 1 }));
    shop.clock.advance(86_400_000);
    expect(await run('verifyEmail', { token })).toEqual(VOID);
    expect(await standing()).toEqual(before);
  });

  it('has a new link on demand, at most one a minute, and the old one is void', async () => {
    const ada = await shop.person();
    const old = await tokenFor('verify-email');
    expect(await run('requestEmailVerification', null, ada)).toEqual(refused('CONFLICT', null, { retryable: true }));
    expect(await run('requestEmailVerification', null)).toEqual(['UNAUTHENTICATED']);
    shop.clock.advance(60_000);
    expect(await run('requestEmailVerification', null, ada)).toEqual(done(ada));
    const token = await tokenFor('verify-email');
    expect(await run('verifyEmail', { token: old })).toEqual(VOID);
    expect(await run('verifyEmail', { token })).toEqual(done(ada));
  });

  it('brakes guesses by network address', async () => {
    for (let turn = 0; turn < 5; turn += 1) expect(await run('verifyEmail', { token: 'same' })).toEqual(VOID);
    expect(await run('verifyEmail', { token: 'same' })).toEqual(['RATE_LIMIT_EXCEEDED']);
    const [row] = await shop.services.db.rows('SELECT failures FROM address_brake ORDER BY since DESC LIMIT 1');
    expect(row).toEqual({ failures: 5 });
  });
});

describe('requestPasswordReset', () => {
  it('answers alike and does the same work whether or not there is an account', async () => {
    const ada = await person();
    const asked = async (email: string) => {
      const before = await requestStatements();
      const answer = await run('requestPasswordReset', { email }, undefined, 'requested');
      return { answer, statements: (await requestStatements()) - before };
    };
    const known = await asked(ada.email);
    expect(await asked(`nobody-${randomUUID()}@example.com`)).toEqual(known);
    expect(known.answer).toEqual({ requested: true, userErrors: [] });
    expect(await run('requestPasswordReset', { email: 'nobody' }, undefined, 'requested')).toMatchObject({
      requested: null,
      userErrors: [{ code: 'VALIDATION_ERROR', field: ['email'] }],
    });
    expect((await mails()).map(({ to }) => to)).toEqual([ada.email]);
    expect(await shop.audited()).toContain(`requestPasswordReset ${ada.id}`);
    expect((await contents(shop))['reset_request']).toEqual([]);
  });

  it('mails once a minute however often it is asked', async () => {
    const ada = await person();
    for (let turn = 0; turn < 3; turn += 1) {
      await run('requestPasswordReset', { email: ada.email.toUpperCase() }, undefined, 'requested');
      expect(await mails()).toHaveLength(turn === 0 ? 1 : 0);
    }
  });
});

describe('resetPassword', () => {
  it('sets the password once, ends all sessions, proves the address, opens the brake and tells the owner', async () => {
    const ada = await person();
    for (let turn = 0; turn < 5; turn += 1) await logIn(ada.email, 'wrong');
    await run('requestPasswordReset', { email: ada.email }, undefined, 'requested');
    const token = await tokenFor('reset-password');
    expect(await run('resetPassword', { token, password: 'short' })).toEqual(
      refused('VALIDATION_ERROR', ['password'], { minimum: 10 }),
    );
    const outcomes = await Promise.all([1, 2].map(() => run('resetPassword', { token, password: NEW })));
    expect(outcomes).toContainEqual(done(ada));
    expect(outcomes).toContainEqual(VOID);
    expect(await refreshes(ada)).toBe(false);
    expect(await logIn(ada.email, PASSWORD)).toBe(false);
    expect(await logIn(ada.email, NEW)).toBe(true);
    expect(await me(ada)).toEqual({ email: ada.email, emailVerified: true });
    expect(await mails()).toEqual([{ kind: 'password-changed', to: ada.email, token: undefined }]);
    expect(await shop.audited()).toContain(`resetPassword ${ada.id}`);
  });

  it('refuses a token after an hour, and changes nothing', async () => {
    const ada = await person();
    await run('requestPasswordReset', { email: ada.email }, undefined, 'requested');
    const token = await tokenFor('reset-password');
    shop.clock.advance(3_600_000);
    const before = await standing();
    expect(await run('resetPassword', { token, password: NEW })).toEqual(VOID);
    expect(await standing()).toEqual(before);
    expect(await logIn(ada.email, PASSWORD)).toBe(true);
  });
});

describe('changePassword', () => {
  it('takes the current password, ends the other sessions and makes links void', async () => {
    const ada = await person();
    await logIn(ada.email, PASSWORD);
    await run('requestPasswordReset', { email: ada.email }, undefined, 'requested');
    const token = await tokenFor('reset-password');
    const input = { currentPassword: PASSWORD, newPassword: NEW };
    expect(await run('changePassword', input, ada)).toEqual(done(ada));
    expect(await run('resetPassword', { token, password: PASSWORD })).toEqual(VOID);
    expect(await refreshes(ada)).toBe(true);
    expect(
      await shop.services.db.rows('SELECT id, end_reason FROM session WHERE account_id = $1 ORDER BY created_at, id', [
        ada.principal.id,
      ]),
    ).toEqual([
      { id: ada.principal.sessionId, end_reason: null },
      { id: expect.any(String) as string, end_reason: 'passwordChanged' },
    ]);
    expect([await logIn(ada.email, PASSWORD), await logIn(ada.email, NEW)]).toEqual([false, true]);
    expect(await mails()).toEqual([{ kind: 'password-changed', to: ada.email, token: undefined }]);
    expect(await shop.audited()).toContain(`changePassword ${ada.id}`);
  });

  it('refuses a wrong password by the count of the log-in, and changes nothing', async () => {
    const ada = await person();
    const before = await standing();
    const input = { currentPassword: 'wrong', newPassword: NEW };
    await logIn(ada.email, 'wrong');
    for (let turn = 0; turn < 4; turn += 1) {
      expect(await run('changePassword', input, ada)).toEqual(refused('UNAUTHENTICATED', ['currentPassword']));
    }
    expect(await run('changePassword', { ...input, currentPassword: PASSWORD }, ada)).toEqual(['RATE_LIMIT_EXCEEDED']);
    expect(await run('changeEmail', { password: PASSWORD, email: 'x@example.com' }, ada)).toEqual([
      'RATE_LIMIT_EXCEEDED',
    ]);
    expect(await run('changePassword', input)).toEqual(['UNAUTHENTICATED']);
    expect(await standing()).toEqual(before);
  });

  it('of two at once one wins', async () => {
    const ada = await person();
    const change = (newPassword: string) => run('changePassword', { currentPassword: PASSWORD, newPassword }, ada);
    const outcomes = await Promise.all([change(NEW), change(`${NEW} 2`)]);
    expect(outcomes).toContainEqual(done(ada));
    expect(outcomes).toContainEqual(refused('UNAUTHENTICATED', ['currentPassword']));
  });
});

describe('changeEmail', () => {
  const fresh = () => `New-${randomUUID()}@Example.com`;

  it('changes it when the new address is confirmed, and warns the old one', async () => {
    const ada = await person();
    const email = fresh();
    expect(await run('changeEmail', { password: PASSWORD, email }, ada)).toEqual(done(ada));
    const sent = await mails();
    expect(sent).toEqual(
      expect.arrayContaining([
        { kind: 'change-email', to: email, token: expect.any(String) as string },
        { kind: 'email-changing', to: ada.email, token: undefined },
      ]),
    );
    expect(sent).toHaveLength(2);
    expect(await me(ada)).toEqual({ email: ada.email, emailVerified: false });
    const token = sent.find(({ kind }) => kind === 'change-email')!.token!;
    expect(await run('verifyEmail', { token })).toEqual(done(ada));
    expect(await me(ada)).toEqual({ email, emailVerified: true });
    expect([await logIn(ada.email, PASSWORD), await logIn(email.toLowerCase(), PASSWORD)]).toEqual([false, true]);
    expect(await shop.audited()).toEqual(
      expect.arrayContaining([`changeEmail ${ada.id}`, `confirmEmailChange ${ada.id}`]),
    );
  });

  it('makes links void that the old address was sent', async () => {
    const ada = await shop.person();
    const verify = await tokenFor('verify-email');
    await run('requestPasswordReset', { email: ada.email }, undefined, 'requested');
    const reset = await tokenFor('reset-password');
    const email = fresh();
    await run('changeEmail', { password: PASSWORD, email }, ada);
    expect(await run('verifyEmail', { token: await tokenFor('change-email') })).toEqual(done(ada));
    const before = await standing();
    expect(await run('resetPassword', { token: reset, password: NEW })).toEqual(VOID);
    expect(await run('verifyEmail', { token: verify })).toEqual(VOID);
    expect(await standing()).toEqual(before);
    expect([await logIn(email, NEW), await logIn(email, PASSWORD)]).toEqual([false, true]);
  });

  it('refuses an address that is taken, then or meanwhile, and changes nothing', async () => {
    const ada = await person();
    const grace = await person();
    const before = await standing();
    const taken = refused('CONFLICT', ['email'], { retryable: false });
    for (const email of [grace.email.toUpperCase(), ada.email]) {
      expect(await run('changeEmail', { password: PASSWORD, email }, ada)).toEqual(taken);
    }
    expect(await run('changeEmail', { password: 'wrong', email: fresh() }, ada)).toEqual(
      refused('UNAUTHENTICATED', ['password']),
    );
    expect(await standing()).toEqual(before);
    const email = fresh();
    for (const one of [ada, grace]) await run('changeEmail', { password: PASSWORD, email }, one);
    const tokens = (await mails()).flatMap(({ token }) => token ?? []);
    expect(await run('changeEmail', { password: PASSWORD, email: fresh() }, ada)).toEqual(
      refused('CONFLICT', null, { retryable: true }),
    );
    const outcomes = [await run('verifyEmail', { token: tokens[0]! }), await run('verifyEmail', { token: tokens[1]! })];
    expect(outcomes[0]).toMatchObject({ userErrors: [] });
    expect(outcomes[1]).toEqual(refused('CONFLICT', ['token'], { retryable: false }));
  });
});

describe('sessions', () => {
  const SESSIONS = '{ me { sessions { id current createdAt lastUsedAt expiresAt } } }';
  const sessionsOf = async (by: Person) =>
    ((await shop.run(SESSIONS, {}, by.principal)).data as { me: { sessions: { id: string; current: boolean }[] } }).me
      .sessions;
  const revoke = (sessionId: string, by?: Person) => run('revokeSession', { sessionId }, by, 'session { id current }');

  it('are listed, the last used first, for oneself and admins alone', async () => {
    const ada = await person();
    const began = shop.clock.now();
    shop.clock.advance(1_000);
    await logIn(ada.email, PASSWORD);
    shop.clock.advance(1_000);
    await refreshes(ada);
    const own = toId('sess', ada.principal.sessionId);
    expect(await sessionsOf(ada)).toEqual([
      {
        id: own,
        current: true,
        createdAt: began.toISOString(),
        lastUsedAt: new Date(began.getTime() + 2_000).toISOString(),
        expiresAt: new Date(began.getTime() + 2_000 + 30 * 86_400_000).toISOString(),
      },
      expect.objectContaining({ current: false, createdAt: new Date(began.getTime() + 1_000).toISOString() }),
    ]);
    const query = 'query ($id: ID!) { user(id: $id) { sessions { id } } }';
    const seen = async (by: Person) => (await shop.run(query, { id: ada.id }, by.principal)).data;
    expect(await seen(await shop.person('ADMIN'))).toMatchObject({ user: { sessions: [{ id: own }, {}] } });
    expect(await seen(await shop.person('SUPPORT'))).toEqual({ user: { sessions: null } });
    await mails();
  });

  it('are revoked by their owner alone', async () => {
    const ada = await person();
    const grace = await person();
    const id = toId('sess', ada.principal.sessionId);
    const before = await standing();
    const notFound = { session: null, userErrors: [{ code: 'NOT_FOUND', field: ['sessionId'], details: null }] };
    expect(await revoke(id, grace)).toEqual(notFound);
    expect(await revoke(toId('sess', randomUUID()), ada)).toEqual(notFound);
    expect(await revoke(id)).toEqual(['UNAUTHENTICATED']);
    expect(await revoke(ada.id, ada)).toMatchObject({ userErrors: [{ code: 'VALIDATION_ERROR' }] });
    expect(await standing()).toEqual(before);
    expect(await revoke(id, ada)).toEqual({ session: { id, current: true }, userErrors: [] });
    expect(await revoke(id, ada)).toEqual(notFound);
    expect(await refreshes(ada)).toBe(false);
    expect(await sessionsOf(ada)).toEqual([]);
    expect(await shop.audited()).toContain(`revokeSession ${id}`);
  });

  it('are 100 at most: the one longest unused ends', async () => {
    const ada = await person();
    await shop.services.db.rows(
      `INSERT INTO session (id, account_id, created_at, last_used_at, expires_at)
       SELECT gen_random_uuid(), $1, $2, $2::timestamptz + make_interval(secs => n), $2::timestamptz + interval '30 days'
       FROM generate_series(1, 99) AS n`,
      [ada.principal.id, shop.clock.now()],
    );
    expect(await sessionsOf(ada)).toHaveLength(100);
    shop.clock.advance(600_000);
    await logIn(ada.email, PASSWORD);
    expect(await sessionsOf(ada)).toHaveLength(100);
    expect(await refreshes(ada)).toBe(false);
    expect(
      await shop.services.db.rows(`SELECT id FROM session WHERE account_id = $1 AND end_reason = 'tooMany'`, [
        ada.principal.id,
      ]),
    ).toEqual([{ id: ada.principal.sessionId }]);
  });
});

test('tokens and new addresses stand in no column in clear', async () => {
  const ada = await shop.person();
  const token = await tokenFor('verify-email');
  await run('requestPasswordReset', { email: ada.email }, undefined, 'requested');
  const reset = await tokenFor('reset-password');
  await run('changeEmail', { password: PASSWORD, email: 'canary-5b1@example.com' }, ada);
  const text = JSON.stringify(await contents(shop)).toLowerCase();
  for (const secret of [token, reset, ada.email, 'canary-5b1', PASSWORD]) {
    expect(text).not.toContain(secret.toLowerCase());
  }
  const moved = await tokenFor('change-email');
  expect(JSON.stringify(await contents(shop))).not.toContain(moved);
});
