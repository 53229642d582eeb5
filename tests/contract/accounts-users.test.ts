/** Accounts alone: profiles, addresses, roles; who may do what, and what is refused. */
import { randomUUID } from 'node:crypto';
import { toId } from '../../platform/ids';
import type { Principal } from '../../platform/auth/principal';
import {
  contents,
  nobody,
  PASSWORD,
  requestStatements,
  startAccounts,
  type AccountsUnderTest,
  type Person,
} from '../support/accounts';
import { apiClient } from '../support/principals';

let shop: AccountsUnderTest;
let ada: Person;
let grace: Person;
let support: Person;
let partner: Person;
let admin: Person;
beforeAll(async () => {
  shop = await startAccounts();
  [ada, grace, support, partner, admin] = [
    await shop.person(),
    await shop.person(),
    await shop.person('SUPPORT'),
    await shop.person('PARTNER'),
    await shop.person('ADMIN'),
  ];
});
afterAll(() => shop.stop());

const HOME = {
  name: 'Ada Byron',
  line1: '12 Analytical Way',
  city: 'Springfield',
  postalCode: '90210',
  countryCode: 'US',
};
const STORED_HOME = { ...HOME, line2: null, region: null, phone: null };
const FIELDS =
  'id email firstName lastName role rateTier emailVerified createdAt addresses { isDefault address { name } }';
const ADDRESS =
  '{ address { id isDefault address { name line1 line2 city region postalCode countryCode phone } } userErrors { code field details } }';
const CREATE = `mutation ($input: CreateAddressInput!) { createAddress(input: $input) ${ADDRESS} }`;
const UPDATE = `mutation ($input: UpdateAddressInput!) { updateAddress(input: $input) ${ADDRESS} }`;
const DELETE = `mutation ($input: DeleteAddressInput!) { deleteAddress(input: $input) ${ADDRESS} }`;
const PROFILE = `mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { firstName lastName } userErrors { code field details } } }`;
const ROLE = `mutation ($input: UpdateUserRoleInput!) { updateUserRole(input: $input) { user { id role } userErrors { code field details } } }`;

interface AddressAnswer {
  address: { id: string; isDefault: boolean; address: Record<string, unknown> } | null;
  userErrors: { code: string; field: string[] | null }[];
}
const only = (data: unknown): AddressAnswer => Object.values(data as Record<string, AddressAnswer>)[0]!;
const create = async (input: Record<string, unknown>, by: Person = ada) =>
  only((await shop.run(CREATE, { input }, by.principal)).data);

describe('who sees a user', () => {
  const entity = async (id: string, principal: Principal) =>
    (
      (
        await shop.run(
          `query ($of: [_Any!]!) { _entities(representations: $of) { ... on User { ${FIELDS} } } }`,
          { of: [{ __typename: 'User', id }] },
          principal,
        )
      ).data as { _entities: unknown[] }
    )._entities[0];
  const hidden = (id: string) => ({
    id,
    email: null,
    firstName: null,
    lastName: null,
    role: null,
    rateTier: null,
    emailVerified: null,
    createdAt: null,
    addresses: null,
  });
  beforeAll(async () => {
    await create({ address: HOME, isDefault: true });
    await shop.run(PROFILE, { input: { firstName: 'Ada', lastName: 'Byron' } }, ada.principal);
  });

  it('oneself and admins see all, support the contact data, others the id', async () => {
    const contact = { ...hidden(ada.id), email: ada.email, firstName: 'Ada', lastName: 'Byron' };
    const all = {
      ...contact,
      role: 'CUSTOMER',
      rateTier: 'STANDARD',
      emailVerified: false,
      createdAt: '2026-11-21T10:00:00.000Z',
      addresses: [{ isDefault: true, address: { name: 'Ada Byron' } }],
    };
    const seen: [Principal, unknown, unknown][] = [
      [ada.principal, all, all],
      [admin.principal, all, all],
      [support.principal, contact, contact],
      [grace.principal, hidden(ada.id), null],
      [partner.principal, hidden(ada.id), null],
      [nobody, hidden(ada.id), null],
      [{ kind: 'guest', id: ada.principal.id }, hidden(ada.id), null],
      [apiClient({ ownerId: ada.principal.id }), hidden(ada.id), null],
    ];
    for (const [principal, reference, found] of seen) {
      expect(await entity(ada.id, principal)).toEqual(reference);
      const { data } = await shop.run(`query ($id: ID!) { user(id: $id) { ${FIELDS} } }`, { id: ada.id }, principal);
      expect(data).toEqual({ user: found });
    }
  });

  it('somebody else looks like nobody', async () => {
    const unknown = toId('user', randomUUID());
    for (const { principal } of [grace, support, admin])
      expect(await entity(unknown, principal)).toEqual(hidden(unknown));
    for (const id of [unknown, 'user_nonsense', toId('addr', ada.principal.id), '', 'x'.repeat(10_000)]) {
      for (const { principal } of [ada, support, admin]) {
        const result = await shop.run('query ($id: ID!) { user(id: $id) { id } }', { id }, principal);
        expect(result).toEqual({ data: { user: null } });
      }
    }
    expect(await entity('user_nonsense', admin.principal)).toBeNull();
  });

  it('reads a page of users in one statement, and once an hour', async () => {
    const people = await Promise.all(Array.from({ length: 5 }, () => shop.person()));
    const of = people.map(({ id }) => ({ __typename: 'User', id }));
    const query = 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on User { email role } } }';
    const count = async (): Promise<number> => {
      const before = await requestStatements();
      const { data } = await shop.run(query, { of }, admin.principal);
      expect(data).toEqual({ _entities: people.map(({ email }) => ({ email, role: 'CUSTOMER' })) });
      return (await requestStatements()) - before;
    };
    expect(await count()).toBe(1);
    expect(await count()).toBe(0);
  });
});

describe('users', () => {
  const USERS = `query ($query: String, $role: Role, $first: Int, $after: String) {
    users(query: $query, role: $role, first: $first, after: $after) { totalCount nodes { id } pageInfo { hasNextPage endCursor } } }`;
  interface Users {
    users: { totalCount: number; nodes: { id: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
  }
  const find = async (variables: Record<string, unknown>, person: Person = support) => {
    const { data, errors } = await shop.run(USERS, variables, person.principal);
    return errors ? errors[0]!.extensions : (data as unknown as Users).users;
  };
  const ids = async (variables: Record<string, unknown>, person = support) =>
    ((await find(variables, person)) as Users['users']).nodes.map(({ id }) => id);

  it('finds by address without case, by id, by role, and nobody else', async () => {
    expect(await ids({ query: ada.email.toUpperCase() })).toEqual([ada.id]);
    expect(await ids({ query: ada.id })).toEqual([ada.id]);
    expect(await ids({ query: ada.id, role: 'SUPPORT' }, admin)).toEqual([]);
    expect(await ids({ role: 'SUPPORT' }, admin)).toEqual([support.id]);
    for (const query of ['someone', '%', toId('addr', ada.principal.id)]) expect(await ids({ query })).toEqual([]);
  });

  it('pages through all, the newest first, each once', async () => {
    const seen: string[] = [];
    for (let after: string | null = null; ;) {
      const page = (await find({ first: 3, after })) as Users['users'];
      seen.push(...page.nodes.map(({ id }) => id));
      expect(page.totalCount).toBe(10);
      if (!page.pageInfo.hasNextPage) break;
      after = page.pageInfo.endCursor;
    }
    expect(seen).toHaveLength(10);
    expect(new Set(seen).size).toBe(10);
    expect(seen.slice(-5)).toEqual([admin.id, partner.id, support.id, grace.id, ada.id]);
  });

  it.each([
    [{ first: 0 }, 'first'],
    [{ first: 101 }, 'first'],
    [{ after: '' }, 'after'],
    [{ after: 'nonsense' }, 'after'],
    [{ query: '' }, 'query'],
    [{ query: 'x'.repeat(255) }, 'query'],
  ])('refuses %j', async (variables, field) => {
    expect(await find(variables)).toMatchObject({ code: 'VALIDATION_ERROR', details: { field: [field] } });
  });

  it('refuses the cursor of another filter', async () => {
    const { pageInfo } = (await find({ first: 1 })) as Users['users'];
    const refused = await find({ after: pageInfo.endCursor, role: 'ADMIN' }, admin);
    expect(refused).toMatchObject({ code: 'VALIDATION_ERROR', details: { field: ['after'] } });
  });

  it('by role is for admins, for support sees no roles', async () => {
    expect(await find({ role: 'ADMIN' })).toEqual({ code: 'FORBIDDEN' });
  });

  it('is for staff', async () => {
    expect(await find({}, ada)).toEqual({ code: 'FORBIDDEN' });
    expect(await find({}, partner)).toEqual({ code: 'FORBIDDEN' });
    expect((await shop.run(USERS)).errors?.[0]?.extensions).toEqual({ code: 'UNAUTHENTICATED' });
  });
});

describe('profile', () => {
  const update = async (input: Record<string, unknown>, by: Person = grace) =>
    (await shop.run(PROFILE, { input }, by.principal)).data;

  it('keeps what is left out, takes away what is null, and is read afresh at once', async () => {
    expect(await update({ firstName: 'Grace', lastName: 'Murray' })).toMatchObject({
      updateProfile: { user: { firstName: 'Grace', lastName: 'Murray' } },
    });
    expect(await update({ lastName: 'Hopper' })).toMatchObject({
      updateProfile: { user: { firstName: 'Grace', lastName: 'Hopper' } },
    });
    const twice = `mutation { a: updateProfile(input: { firstName: "One" }) { user { firstName } }
      b: updateProfile(input: { firstName: null }) { user { firstName } } }`;
    expect((await shop.run(twice, {}, grace.principal)).data).toEqual({
      a: { user: { firstName: 'One' } },
      b: { user: { firstName: null } },
    });
    const changes = await shop.services.db.rows(
      `SELECT aggregate_version AS version FROM outbox WHERE name = 'accounts.userChanged' AND aggregate_id = $1 ORDER BY position`,
      [grace.principal.id],
    );
    expect(changes).toEqual([{ version: 2 }, { version: 3 }, { version: 4 }, { version: 5 }]);
  });

  it('changed by another process is forgotten when its event comes', async () => {
    await update({ firstName: 'Before' });
    const read = async () => (await shop.run('{ me { role } }', {}, grace.principal)).data;
    expect(await read()).toEqual({ me: { role: 'CUSTOMER' } });
    await shop.services.db.rows(`UPDATE account SET role = 'SUPPORT' WHERE id = $1`, [grace.principal.id]);
    expect(await read()).toEqual({ me: { role: 'CUSTOMER' } });
    await shop.deliverOutbox();
    expect(await read()).toEqual({ me: { role: 'SUPPORT' } });
    await shop.services.db.rows(`UPDATE account SET role = 'CUSTOMER' WHERE id = $1`, [grace.principal.id]);
  });
});

describe('addresses', () => {
  it('are created, changed, deleted, and one at most is the default', async () => {
    const person = await shop.person();
    const first = (await create({ address: HOME, isDefault: true }, person)).address!;
    expect(first).toEqual({ id: expect.stringMatching(/^addr_/) as unknown, isDefault: true, address: STORED_HOME });
    const second = (await create({ address: { ...HOME, city: 'Shelbyville' } }, person)).address!;
    expect(second.isDefault).toBe(false);
    const input = { addressId: second.id, isDefault: true };
    const updated = only((await shop.run(UPDATE, { input }, person.principal)).data);
    expect(updated.address).toEqual({ ...second, isDefault: true });
    const mine = '{ me { addresses { id isDefault address { city } } } }';
    expect((await shop.run(mine, {}, person.principal)).data).toEqual({
      me: {
        addresses: [
          { id: second.id, isDefault: true, address: { city: 'Shelbyville' } },
          { id: first.id, isDefault: false, address: { city: 'Springfield' } },
        ],
      },
    });
    const moved = { addressId: second.id, address: { ...HOME, city: 'Ogdenville', phone: '555' } };
    expect(only((await shop.run(UPDATE, { input: moved }, person.principal)).data).address).toEqual({
      id: second.id,
      isDefault: true,
      address: { ...STORED_HOME, city: 'Ogdenville', phone: '555' },
    });
    const gone = only((await shop.run(DELETE, { input: { addressId: second.id } }, person.principal)).data);
    expect(gone).toMatchObject({ address: { id: second.id }, userErrors: [] });
    expect((await shop.run('{ me { addresses { id } } }', {}, person.principal)).data).toEqual({
      me: { addresses: [{ id: first.id }] },
    });
    expect((await shop.audited()).filter((entry) => entry.includes(second.id))).toEqual(
      ['createAddress', 'updateAddress', 'updateAddress', 'deleteAddress'].map((action) => `${action} ${second.id}`),
    );
  });

  it('are 50 at most, and one default, however many come at once', async () => {
    const person = await shop.person();
    for (let n = 0; n < 45; n += 1) await create({ address: HOME }, person);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => create({ address: HOME, isDefault: true }, person)),
    );
    const refused = answers.filter(({ address }) => address === null);
    expect(refused).toHaveLength(5);
    for (const { userErrors } of refused) {
      expect(userErrors).toEqual([{ code: 'CONFLICT', field: null, details: { maximum: 50, retryable: false } }]);
    }
    const [row] = await shop.services.db.rows(
      `SELECT count(*)::integer AS all, (count(*) FILTER (WHERE is_default))::integer AS defaults
       FROM address WHERE account_id = $1`,
      [person.principal.id],
    );
    expect(row).toEqual({ all: 50, defaults: 1 });
  });

  it('of others are not there, and stay as they are', async () => {
    const { address } = await create({ address: HOME });
    const before = await contents(shop);
    for (const id of [address!.id, toId('addr', randomUUID())]) {
      for (const person of [grace, support, admin]) {
        for (const [mutation, input] of [
          [UPDATE, { addressId: id, address: HOME, isDefault: true }],
          [DELETE, { addressId: id }],
        ] as const) {
          const { data } = await shop.run(mutation, { input }, person.principal);
          expect(only(data)).toEqual({
            address: null,
            userErrors: [{ code: 'NOT_FOUND', field: ['addressId'], details: null }],
          });
        }
      }
    }
    expect(await contents(shop)).toEqual(before);
  });
});

describe('rates', () => {
  const RATE = `mutation ($input: UpdateUserRateTierInput!) {
    updateUserRateTier(input: $input) { user { id rateTier } userErrors { code field } } }`;
  const SESSION = 'session { accessToken refreshToken }';
  const LOGIN = `mutation ($input: LoginInput!) { signIn: login(input: $input) { ${SESSION} } }`;
  const REFRESH = `mutation ($input: RefreshSessionInput!) { signIn: refreshSession(input: $input) { ${SESSION} } }`;
  const change = (userId: string, by: Person = admin, rateTier = 'PREMIUM') =>
    shop.run(RATE, { input: { userId, rateTier } }, by.principal);
  const principalAfter = async (mutation: string, input: object): Promise<Principal> => {
    const { data } = await shop.run(mutation, { input });
    return shop.principalOf((data as { signIn: { session: { accessToken: string } } }).signIn.session.accessToken);
  };

  it('are set by admins, said to the audit log, and in force from the next token on', async () => {
    const person = await shop.person();
    const { email, refreshToken } = person;
    const credentials = { email, password: PASSWORD };
    expect(await principalAfter(LOGIN, credentials)).not.toHaveProperty('rateTier');
    expect((await change(person.id)).data).toEqual({
      updateUserRateTier: { user: { id: person.id, rateTier: 'PREMIUM' }, userErrors: [] },
    });
    expect((await shop.audited()).at(-1)).toBe(`updateUserRateTier ${person.id}`);
    const set = await contents(shop);
    expect((await change(person.id)).data).toMatchObject({ updateUserRateTier: { user: { rateTier: 'PREMIUM' } } });
    expect(await contents(shop)).toEqual(set);
    expect(await principalAfter(LOGIN, credentials)).toMatchObject({ rateTier: 'PREMIUM' });
    expect(await principalAfter(REFRESH, { refreshToken })).toEqual({ ...person.principal, rateTier: 'PREMIUM' });
    await change(person.id, admin, 'STANDARD');
    expect(await principalAfter(LOGIN, credentials)).not.toHaveProperty('rateTier');
  });

  it('are not set by others', async () => {
    const before = await contents(shop);
    for (const person of [ada, support, partner]) {
      const { data, errors } = await change(ada.id, person);
      expect([data, errors?.[0]?.extensions]).toEqual([{ updateUserRateTier: null }, { code: 'FORBIDDEN' }]);
    }
    expect((await change(toId('user', randomUUID()))).data).toEqual({
      updateUserRateTier: { user: null, userErrors: [{ code: 'NOT_FOUND', field: ['userId'] }] },
    });
    expect(await contents(shop)).toEqual(before);
  });
});

describe('roles', () => {
  const change = async (userId: string, role: string, by: Person = admin) =>
    shop.run(ROLE, { input: { userId, role } }, by.principal);

  it('are changed by admins, and said to the audit log', async () => {
    const person = await shop.person();
    expect((await change(person.id, 'PARTNER')).data).toEqual({
      updateUserRole: { user: { id: person.id, role: 'PARTNER' }, userErrors: [] },
    });
    expect(await shop.audited()).toContain(`updateUserRole ${person.id}`);
    const before = await contents(shop);
    expect((await change(person.id, 'PARTNER')).data).toMatchObject({ updateUserRole: { user: { role: 'PARTNER' } } });
    expect(await contents(shop)).toEqual(before);
  });

  it('are not changed by others, nor by one who is no admin any more', async () => {
    const demoted = await shop.person('ADMIN');
    await change(demoted.id, 'CUSTOMER');
    const before = await contents(shop);
    for (const person of [ada, support, partner, demoted]) {
      const { data, errors } = await change(person.id, 'ADMIN', person);
      expect(data).toEqual({ updateUserRole: null });
      expect(errors?.[0]?.extensions).toEqual({ code: 'FORBIDDEN' });
    }
    expect(await contents(shop)).toEqual(before);
  });

  it('of unknown and malformed users are errors of the input', async () => {
    expect((await change(toId('user', randomUUID()), 'SUPPORT')).data).toEqual({
      updateUserRole: { user: null, userErrors: [{ code: 'NOT_FOUND', field: ['userId'], details: null }] },
    });
    expect((await change(toId('addr', randomUUID()), 'SUPPORT')).data).toEqual({
      updateUserRole: {
        user: null,
        userErrors: [{ code: 'VALIDATION_ERROR', field: ['userId'], details: { prefix: 'user' } }],
      },
    });
    expect((await change(ada.id, 'OWNER')).errors?.[0]?.extensions['code']).toBe('BAD_USER_INPUT');
  });

  it('leave one admin, whoever demotes whom at once', async () => {
    const admins = [admin, await shop.person('ADMIN'), await shop.person('ADMIN'), await shop.person('ADMIN')];
    // Each demotes the next, in a ring; all at once.
    const results = await Promise.all(
      admins.map((one, index) => change(admins[(index + 1) % admins.length]!.id, 'CUSTOMER', one)),
    );
    expect(
      results.some(({ data }) => (data as { updateUserRole: { user: unknown } | null }).updateUserRole?.user),
    ).toBe(true);
    const left = await shop.services.db.rows<{ id: string }>(`SELECT id FROM account WHERE role = 'ADMIN'`);
    expect(left.length).toBeGreaterThan(0);
    const last = admins.find(({ principal }) => principal.id === left[0]!.id)!;
    for (const { id } of left.slice(1)) await change(toId('user', id), 'CUSTOMER', last);
    expect((await change(last.id, 'CUSTOMER', last)).data).toEqual({
      updateUserRole: {
        user: null,
        userErrors: [{ code: 'CONFLICT', field: ['role'], details: { retryable: false } }],
      },
    });
    expect(await shop.services.db.rows(`SELECT id FROM account WHERE role = 'ADMIN'`)).toEqual([
      { id: last.principal.id },
    ]);
  });
});

describe('who is signed out', () => {
  it.each([
    ['updateProfile', PROFILE, { firstName: 'X' }],
    ['createAddress', CREATE, { address: HOME }],
    ['updateAddress', UPDATE, { addressId: toId('addr', randomUUID()) }],
    ['deleteAddress', DELETE, { addressId: toId('addr', randomUUID()) }],
    ['updateUserRole', ROLE, { userId: toId('user', randomUUID()), role: 'ADMIN' }],
  ])('cannot %s', async (name, mutation, input) => {
    const before = await contents(shop);
    const result = await shop.run(mutation, { input });
    expect(result.data).toEqual({ [name]: null });
    expect(result.errors?.[0]?.extensions).toEqual({ code: 'UNAUTHENTICATED' });
    expect(await contents(shop)).toEqual(before);
  });
});

describe('what is not valid', () => {
  const REGISTER =
    'mutation ($input: RegisterInput!) { register(input: $input) { user { id } userErrors { code field message details } } }';
  const LOGIN =
    'mutation ($input: LoginInput!) { login(input: $input) { user { id } userErrors { code field message details } } }';
  const REFRESH =
    'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { user { id } userErrors { code field message details } } }';
  const good = { email: 'new@example.com', password: PASSWORD };
  const long = 'y'.repeat(201);
  const matrix: [string, Record<string, unknown>, string[], Record<string, unknown> | null][] = [
    [REGISTER, { ...good, email: '' }, ['email'], { minimum: 1 }],
    [REGISTER, { ...good, email: 'no address' }, ['email'], null],
    [REGISTER, { ...good, email: ' new@example.com' }, ['email'], null],
    [REGISTER, { ...good, email: `${'a'.repeat(243)}@example.com` }, ['email'], { maximum: 254 }],
    [REGISTER, { ...good, email: 42 }, ['email'], null],
    [REGISTER, { ...good, password: '123456789' }, ['password'], { minimum: 10 }],
    [REGISTER, { ...good, password: 'x'.repeat(129) }, ['password'], { maximum: 128 }],
    [REGISTER, { ...good, password: 'with\u0000a NUL in it' }, ['password'], null],
    [REGISTER, { ...good, firstName: '' }, ['firstName'], { minimum: 1 }],
    [REGISTER, { ...good, lastName: long }, ['lastName'], { maximum: 200 }],
    [REGISTER, { ...good, cartToken: '' }, ['cartToken'], { minimum: 1 }],
    [REGISTER, { ...good, cartToken: 'z'.repeat(2_049) }, ['cartToken'], { maximum: 2_048 }],
    [LOGIN, { ...good, email: 'no address' }, ['email'], null],
    [LOGIN, { ...good, password: '' }, ['password'], { minimum: 1 }],
    [LOGIN, { ...good, password: 'x'.repeat(129) }, ['password'], { maximum: 128 }],
    [LOGIN, { ...good, cartToken: 'z'.repeat(2_049) }, ['cartToken'], { maximum: 2_048 }],
    [REFRESH, { refreshToken: '' }, ['refreshToken'], { minimum: 1 }],
    [REFRESH, { refreshToken: 'z'.repeat(2_049) }, ['refreshToken'], { maximum: 2_048 }],
    [PROFILE, { firstName: '' }, ['firstName'], { minimum: 1 }],
    [PROFILE, { lastName: long }, ['lastName'], { maximum: 200 }],
    ...(['name', 'line1', 'city'] as const).flatMap((field): typeof matrix => [
      [CREATE, { address: { ...HOME, [field]: '' } }, ['address', field], { minimum: 1 }],
      [CREATE, { address: { ...HOME, [field]: long } }, ['address', field], { maximum: 200 }],
    ]),
    [CREATE, { address: { ...HOME, line2: long } }, ['address', 'line2'], { maximum: 200 }],
    [CREATE, { address: { ...HOME, region: long } }, ['address', 'region'], { maximum: 200 }],
    [CREATE, { address: { ...HOME, postalCode: '1'.repeat(21) } }, ['address', 'postalCode'], { maximum: 20 }],
    [CREATE, { address: { ...HOME, phone: '1'.repeat(41) } }, ['address', 'phone'], { maximum: 40 }],
    [CREATE, { address: { ...HOME, countryCode: 'us' } }, ['address', 'countryCode'], null],
    [CREATE, { address: { ...HOME, countryCode: 'XX' } }, ['address', 'countryCode'], null],
    [UPDATE, { addressId: 'nonsense' }, ['addressId'], { prefix: 'addr' }],
    [UPDATE, { addressId: toId('user', randomUUID()) }, ['addressId'], { prefix: 'addr' }],
    [
      UPDATE,
      { addressId: toId('addr', randomUUID()), address: { ...HOME, city: long } },
      ['address', 'city'],
      { maximum: 200 },
    ],
    [DELETE, { addressId: '' }, ['addressId'], { prefix: 'addr' }],
  ];

  const named = matrix.map(([mutation, input, field, details]) => {
    const name = /\) \{ (\w+)/.exec(mutation)?.[1] ?? '';
    return { name, path: field.join('.'), mutation, input, field, details };
  });
  it.each(named)('$name refuses $path, limit $details', async ({ mutation, input, field, details }) => {
    const before = await contents(shop);
    const { data, errors } = await shop.run(mutation, { input }, ada.principal);
    expect(errors).toBeUndefined();
    const [answer] = Object.values(data as Record<string, { userErrors: unknown[] }>);
    expect(answer!.userErrors).toEqual([expect.objectContaining({ code: 'VALIDATION_ERROR', field, details })]);
    expect(await contents(shop)).toEqual(before);
  });

  it('is said once for each field, without the values', async () => {
    const input = { email: 'secret-not-an-address', password: 'short-pw', firstName: '' };
    const result = await shop.run(REGISTER, { input });
    const text = JSON.stringify(result);
    expect(text).not.toContain('secret-not-an-address');
    expect(text).not.toContain('short-pw');
    expect(
      (result.data as { register: { userErrors: { field: string[] }[] } }).register.userErrors.map(
        ({ field }) => field,
      ),
    ).toEqual([['email'], ['password'], ['firstName']]);
  });
});
