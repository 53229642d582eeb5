/** Accounts alone: suspension. Who may, what it ends, what it forbids, and that it can be lifted. */
import { randomUUID } from 'node:crypto';
import { fromId, toId } from '../../platform/ids';
import { readSessions, readUsers, RIGHTS_CHANNEL } from '../../subgraphs/accounts/messages';
import { contents, PASSWORD, startAccounts, type AccountsUnderTest, type Person } from '../support/accounts';
import { eventually } from '../support/eventually';

let shop: AccountsUnderTest;
let admin: Person;
const woken: unknown[] = [];
beforeAll(async () => {
  shop = await startAccounts();
  admin = await shop.person('ADMIN');
  await shop.services.pubsub.subscribe(RIGHTS_CHANNEL, (message) => woken.push(message));
});
afterAll(() => shop.stop());
beforeEach(() => {
  woken.length = 0;
});

const SUSPEND = `mutation ($input: SuspendUserInput!) {
  suspendUser(input: $input) { user { id status suspensionReason } userErrors { code field details } } }`;
const LOGIN = `mutation ($input: LoginInput!) {
  login(input: $input) { session { refreshToken } userErrors { code message field } } }`;
const REFRESH = `mutation ($input: RefreshSessionInput!) {
  refreshSession(input: $input) { session { refreshToken } userErrors { code } } }`;
const USERS =
  'query ($status: UserStatus, $role: Role) { users(status: $status, role: $role, first: 100) { totalCount nodes { id } } }';

const suspend = async (input: Record<string, unknown>, by: Person = admin) =>
  shop.run(SUSPEND, { input }, by.principal);
const logIn = async (person: Person, password = PASSWORD) =>
  ((await shop.run(LOGIN, { input: { email: person.email, password } })).data as { login: unknown }).login;
const endsOf = (person: Person) =>
  shop.services.db.rows<{ endedAt: Date | null; reason: string | null }>(
    'SELECT ended_at AS "endedAt", end_reason AS reason FROM session WHERE account_id = $1',
    [person.principal.id],
  );

test('ends every session, forbids log-in and refreshing, and is heard of', async () => {
  const [ada, grace] = [await shop.person(), await shop.person()];
  await logIn(ada);
  expect(await suspend({ userId: ada.id, reason: 'Chargebacks of Ada Byron' })).toEqual({
    data: {
      suspendUser: {
        user: { id: ada.id, status: 'SUSPENDED', suspensionReason: 'Chargebacks of Ada Byron' },
        userErrors: [],
      },
    },
  });
  const over = { endedAt: shop.clock.now(), reason: 'suspended' };
  expect(await endsOf(ada)).toEqual([over, over]);
  expect(await endsOf(grace)).toEqual([{ endedAt: null, reason: null }]);
  const sessionIds = [ada, grace].map(({ principal }) => principal.sessionId);
  expect((await shop.command(readSessions, { sessionIds })).sessions.map(({ active }) => active).sort()).toEqual([
    false,
    true,
  ]);
  const userIds = [ada, grace].map(({ principal }) => principal.id);
  const names = { sealedFirstName: null, sealedLastName: null };
  const { users } = await shop.command(readUsers, { userIds: [...userIds, randomUUID()] });
  expect(users.toSorted((one, two) => userIds.indexOf(one.userId) - userIds.indexOf(two.userId))).toEqual([
    { userId: userIds[0], role: 'CUSTOMER', suspended: true, ...names },
    { userId: userIds[1], role: 'CUSTOMER', suspended: false, ...names },
  ]);
  await eventually(() => expect(woken).toEqual([{ userId: ada.principal.id }]));
  expect((await shop.audited()).at(-1)).toBe(`suspendUser ${ada.id}`);

  const before = await contents(shop);
  // The reason lies in the database sealed.
  expect(JSON.stringify(before)).not.toContain('Byron');
  expect(await logIn(ada)).toEqual({
    session: null,
    userErrors: [{ code: 'UNAUTHENTICATED', message: 'This account is suspended. Ask the shop why.', field: null }],
  });
  // Only who knows the password is told.
  expect(await logIn(ada, 'not the password')).toEqual({
    session: null,
    userErrors: [{ code: 'UNAUTHENTICATED', message: 'The e-mail address or the password is wrong.', field: null }],
  });
  const refreshed = await shop.run(REFRESH, { input: { refreshToken: ada.refreshToken } });
  expect(refreshed.errors?.[0]?.extensions).toEqual({ code: 'UNAUTHENTICATED' });
  // A log-in that is refused counts until it would count no more.
  expect({ ...(await contents(shop)), account_brake: [] }).toEqual(before);
});

test('done twice is done once, and lifted lets in again, with new sessions only', async () => {
  const ada = await shop.person();
  await suspend({ userId: ada.id, reason: 'first' });
  const before = await contents(shop);
  const again = { user: { id: ada.id, status: 'SUSPENDED', suspensionReason: 'first' }, userErrors: [] };
  expect((await suspend({ userId: ada.id, reason: 'second' })).data).toEqual({ suspendUser: again });
  expect(await contents(shop)).toEqual(before);

  const lifted = { user: { id: ada.id, status: 'ACTIVE', suspensionReason: null }, userErrors: [] };
  expect((await suspend({ userId: ada.id, suspended: false })).data).toEqual({ suspendUser: lifted });
  expect((await shop.audited()).at(-1)).toBe(`unsuspendUser ${ada.id}`);
  const refreshed = await shop.run(REFRESH, { input: { refreshToken: ada.refreshToken } });
  expect(refreshed.errors?.[0]?.extensions).toEqual({ code: 'UNAUTHENTICATED' });
  expect(await logIn(ada)).toMatchObject({ session: { refreshToken: expect.any(String) as string }, userErrors: [] });
});

test('is for admins, as they are now, and changes nothing otherwise', async () => {
  const [ada, support, former, suspended] = [
    await shop.person(),
    await shop.person('SUPPORT'),
    await shop.person('ADMIN'),
    await shop.person('ADMIN'),
  ];
  await shop.services.db.rows(`UPDATE account SET role = 'SUPPORT' WHERE id = $1`, [former.principal.id]);
  await suspend({ userId: suspended.id });
  const before = await contents(shop);
  for (const by of [ada, support, former, suspended]) {
    const { data, errors } = await suspend({ userId: ada.id }, by);
    expect([data, errors?.[0]?.extensions]).toEqual([{ suspendUser: null }, { code: 'FORBIDDEN' }]);
  }
  const anonymous = await shop.run(SUSPEND, { input: { userId: ada.id } });
  expect(anonymous.errors?.[0]?.extensions).toEqual({ code: 'UNAUTHENTICATED' });
  expect(await contents(shop)).toEqual(before);
});

test.each([
  ['yourself', () => ({ userId: admin.id }), 'CONFLICT', ['userId'], { retryable: false }],
  ['nobody', () => ({ userId: toId('user', randomUUID()) }), 'NOT_FOUND', ['userId'], null],
  [
    'what is no user',
    () => ({ userId: toId('addr', randomUUID()) }),
    'VALIDATION_ERROR',
    ['userId'],
    { prefix: 'user' },
  ],
  [
    'for a long reason',
    () => ({ userId: admin.id, reason: 'x'.repeat(2_001) }),
    'VALIDATION_ERROR',
    ['reason'],
    { maximum: 2_000 },
  ],
])('of %s is refused', async (_name, input, code, field, details) => {
  const before = await contents(shop);
  expect((await suspend(input())).data).toEqual({
    suspendUser: { user: null, userErrors: [{ code, field, details }] },
  });
  expect(await contents(shop)).toEqual(before);
});

test('two admins who suspend each other at once leave one', async () => {
  const [one, two] = [await shop.person('ADMIN'), await shop.person('ADMIN')];
  const answers = await Promise.all([suspend({ userId: two.id }, one), suspend({ userId: one.id }, two)]);
  expect(answers.map(({ errors }) => errors?.[0]?.extensions['code'] ?? 'done').sort()).toEqual(['FORBIDDEN', 'done']);
});

test('a log-in at the same moment does not slip through', async () => {
  const people = await Promise.all(Array.from({ length: 5 }, () => shop.person()));
  await Promise.all(people.flatMap((person) => [logIn(person), suspend({ userId: person.id })]));
  for (const person of people) {
    expect((await endsOf(person)).filter(({ endedAt }) => endedAt === null)).toEqual([]);
  }
});

test('is seen by staff, and found by it', async () => {
  const [ada, support] = [await shop.person(), await shop.person('SUPPORT')];
  await suspend({ userId: ada.id, reason: 'Fraud' });
  const look = async (by: Person) =>
    (await shop.run(`{ user(id: "${ada.id}") { status suspensionReason } }`, {}, by.principal)).data;
  expect(await look(support)).toEqual({ user: { status: 'SUSPENDED', suspensionReason: 'Fraud' } });
  expect(await look(ada)).toEqual({ user: { status: null, suspensionReason: null } });

  const idsWhere = async (condition: string) =>
    (await shop.services.db.rows<{ id: string }>(`SELECT id FROM account WHERE ${condition}`))
      .map(({ id }) => id)
      .sort();
  const listed = async (variables: Record<string, unknown>, by = support) => {
    const { users } = (await shop.run(USERS, variables, by.principal)).data as {
      users: { totalCount: number; nodes: { id: string }[] };
    };
    expect(users.totalCount).toBe(users.nodes.length);
    return users.nodes.map(({ id }) => fromId('user', id)).sort();
  };
  expect(await listed({ status: 'SUSPENDED' })).toEqual(await idsWhere('suspended_at IS NOT NULL'));
  expect(await listed({ status: 'ACTIVE', role: 'CUSTOMER' }, admin)).toEqual(
    await idsWhere(`suspended_at IS NULL AND role = 'CUSTOMER'`),
  );
});

test('what ends sessions otherwise is heard of too', async () => {
  const [ada, grace, hedy, iris] = [await shop.person(), await shop.person(), await shop.person(), await shop.person()];
  await shop.run('mutation { logout { userErrors { code } } }', {}, ada.principal);
  await shop.run('mutation { logoutEverywhere { userErrors { code } } }', {}, grace.principal);
  await shop.run(REFRESH, { input: { refreshToken: hedy.refreshToken } });
  shop.clock.advance(11_000);
  await shop.run(REFRESH, { input: { refreshToken: hedy.refreshToken } });
  await shop.run(
    'mutation ($input: UpdateUserRoleInput!) { updateUserRole(input: $input) { userErrors { code } } }',
    { input: { userId: iris.id, role: 'PARTNER' } },
    admin.principal,
  );
  await eventually(() =>
    expect(woken).toEqual([ada, grace, hedy, iris].map(({ principal: { id } }) => ({ userId: id }))),
  );
});
