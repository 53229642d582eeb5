/** Accounts alone: the brake on guessing passwords. */
import { randomUUID } from 'node:crypto';
import { codeOf } from '../../platform/errors';
import { createBrake } from '../../subgraphs/accounts/brake/brake';
import { contents, PASSWORD, requestStatements, startAccounts, type AccountsUnderTest } from '../support/accounts';

let shop: AccountsUnderTest;
beforeAll(async () => {
  shop = await startAccounts({ settings: { SOUK_LOGIN_FAILURES_PER_ADDRESS: '20' } });
});
afterAll(() => shop.stop());
afterEach(() => shop.clock.advance(16 * 60_000));

const LOGIN = `mutation ($input: LoginInput!) {
  login(input: $input) { session { refreshToken } user { id } userErrors { code field } } }`;
const stranger = () => `nobody-${randomUUID()}@example.com`;

/** `in`, the code of the user error, or code and details of the GraphQL error. */
async function logIn(email: string, password: string, clientAddress?: string): Promise<unknown> {
  const { data, errors } = await shop.run(LOGIN, { input: { email, password } }, undefined, clientAddress);
  if (errors) return errors.map(({ extensions }) => extensions);
  const { session, userErrors } = (data as { login: { session: object | null; userErrors: { code: string }[] } }).login;
  return session ? 'in' : userErrors[0]!.code;
}
const refused = (retryAfter: number) => [{ code: 'RATE_LIMIT_EXCEEDED', details: { retryAfter } }];
const wrongTimes = async (times: number, email: string, address?: string) => {
  for (let turn = 0; turn < times; turn += 1) expect(await logIn(email, 'wrong', address)).toBe('UNAUTHENTICATED');
};

test('the sixth attempt in 15 minutes is refused, also the right one, and each is free again when its time is over', async () => {
  const { email } = await shop.person();
  await wrongTimes(2, email);
  shop.clock.advance(60_000);
  await wrongTimes(3, email);
  const before = await contents(shop);
  expect(await logIn(email, PASSWORD)).toEqual(refused(840));
  expect(await logIn(email.toUpperCase(), 'wrong')).toEqual(refused(840));
  expect(await contents(shop)).toEqual(before);
  shop.clock.advance(839_000);
  expect(await logIn(email, PASSWORD)).toEqual(refused(1));
  shop.clock.advance(1_000);
  await wrongTimes(2, email);
  expect(await logIn(email, PASSWORD)).toEqual(refused(60));
  shop.clock.advance(60_000);
  expect(await logIn(email, PASSWORD)).toBe('in');
});

test('a success makes the count begin anew', async () => {
  const { email } = await shop.person();
  for (let turn = 0; turn < 3; turn += 1) {
    await wrongTimes(4, email);
    expect(await logIn(email, PASSWORD)).toBe('in');
  }
});

test('of many attempts at once five passwords are checked', async () => {
  const { email } = await shop.person();
  const answers = await Promise.all(Array.from({ length: 500 }, () => logIn(email, 'wrong')));
  expect(answers.filter((answer) => answer === 'UNAUTHENTICATED')).toHaveLength(5);
  expect(answers.filter((answer) => answer !== 'UNAUTHENTICATED')).toEqual(
    Array(495).fill([{ code: 'RATE_LIMIT_EXCEEDED', details: { retryAfter: expect.any(Number) as number } }]),
  );
  const [row] = await shop.services.db.rows(
    'SELECT cardinality(tries) AS tries FROM account_brake ORDER BY newest DESC LIMIT 1',
  );
  expect(row).toEqual({ tries: 5 });
});

test.each([
  [40, 1],
  [4, 2_500],
])('of %i processes that each try %i times at once five checks are made', async (processes, tries) => {
  const subject = stranger();
  let checks = 0;
  const check = async () => {
    checks += 1;
    return null;
  };
  // Each with turns of its own, as other processes have.
  const outcomes = await Promise.all(
    Array.from({ length: processes }, () => createBrake(shop.services)).flatMap((brake) =>
      Array.from({ length: tries }, () =>
        brake.attempt({ subject, clientAddress: undefined }, check).catch((error: unknown) => codeOf(error)),
      ),
    ),
  );
  expect(checks).toBe(5);
  expect(outcomes.filter((outcome) => outcome === 'RATE_LIMIT_EXCEEDED')).toHaveLength(processes * tries - 5);
});

test('the same person may sign in many times at once', async () => {
  const { email } = await shop.person();
  const answers = await Promise.all(Array.from({ length: 30 }, () => logIn(email, PASSWORD)));
  expect(answers).toEqual(Array(30).fill('in'));
});

test('an address without an account is braked alike, at the same cost', async () => {
  const { email } = await shop.person();
  const statements = async (attempt: () => Promise<unknown>) => {
    const before = await requestStatements();
    const answer = await attempt();
    return { answer, statements: (await requestStatements()) - before };
  };
  const nobody = stranger();
  for (let turn = 0; turn < 7; turn += 1) {
    const known = await statements(() => logIn(email, 'wrong', '192.0.2.77'));
    expect(await statements(() => logIn(nobody, 'wrong', '192.0.2.78'))).toEqual(known);
  }
});

test('a network address has a higher number, over all accounts, and costs the accounts nothing once it is used up', async () => {
  const address = '198.51.100.7';
  const victim = await shop.person();
  for (let turn = 0; turn < 20; turn += 1) await wrongTimes(1, stranger(), address);
  for (let turn = 0; turn < 6; turn += 1) expect(await logIn(victim.email, 'wrong', address)).toEqual(refused(900));
  expect(await logIn(victim.email, PASSWORD, '198.51.100.8')).toBe('in');
  const [row] = await shop.services.db.rows<{ all: string }>(
    `SELECT string_agg(t::text, ' ') AS "all" FROM address_brake t`,
  );
  expect(row!.all).not.toContain('198.51.100');
});

test('a success takes back only its own count of the address, and refusals count nothing', async () => {
  const { email } = await shop.person();
  const address = '2001:db8:1:2::/64';
  await wrongTimes(5, stranger(), address);
  for (let turn = 0; turn < 30; turn += 1) expect(await logIn(email, PASSWORD, address)).toBe('in');
  const [row] = await shop.services.db.rows('SELECT failures FROM address_brake ORDER BY since DESC LIMIT 1');
  expect(row).toEqual({ failures: 5 });
});

test('counts that are over are pruned', async () => {
  await wrongTimes(1, stranger(), '192.0.2.1');
  shop.clock.advance(16 * 60_000);
  await shop.runJob('accounts.prune-sessions');
  expect(
    await shop.services.db.rows('SELECT 1 AS one FROM account_brake UNION ALL SELECT 1 FROM address_brake'),
  ).toEqual([]);
});
