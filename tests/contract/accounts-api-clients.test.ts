/** Accounts alone: API clients of partners. Who has them, their keys, the tokens they get, and how they end. */
import { randomUUID } from 'node:crypto';
import { createAccessTokenVerifier } from '../../platform/auth/access-token';
import type { Principal } from '../../platform/auth/principal';
import { createDatabase, dropDatabase, migrate } from '../../platform/db/prepare';
import { fromId } from '../../platform/ids';
import { issueClientToken, readSessions, RIGHTS_CHANNEL } from '../../subgraphs/accounts/messages';
import { accounts } from '../../subgraphs/accounts';
import { contents, nobody, startAccounts, type AccountsUnderTest, type Person } from '../support/accounts';
import { eventually } from '../support/eventually';
import { apiClient } from '../support/principals';

let shop: AccountsUnderTest;
let partner: Person;
const woken: unknown[] = [];
beforeAll(async () => {
  shop = await startAccounts();
  await shop.services.pubsub.subscribe(RIGHTS_CHANNEL, (message) => woken.push(message));
});
afterAll(() => shop.stop());
beforeEach(async () => {
  partner = await shop.person('PARTNER');
  woken.length = 0;
  clientAddress = randomUUID();
});

const CLIENT = 'apiClient { id name scopes rateTier owner { id } lastUsedAt revokedAt }';
const ERRORS = 'userErrors { code field details }';
const DOCUMENTS = {
  createApiClient: `mutation ($input: CreateApiClientInput!) { createApiClient(input: $input) { ${CLIENT} key ${ERRORS} } }`,
  rotateApiClientKey: `mutation ($input: RotateApiClientKeyInput!) {
    rotateApiClientKey(input: $input) { ${CLIENT} key previousKeyExpiresAt ${ERRORS} } }`,
  revokeApiClient: `mutation ($input: RevokeApiClientInput!) { revokeApiClient(input: $input) { ${CLIENT} ${ERRORS} } }`,
  updateApiClient: `mutation ($input: UpdateApiClientInput!) { updateApiClient(input: $input) { ${CLIENT} ${ERRORS} } }`,
};
const LIST =
  'query ($first: Int, $after: String) { apiClients(first: $first, after: $after) { totalCount nodes { id } } }';
type Mutation = keyof typeof DOCUMENTS;
interface Payload {
  apiClient: { id: string; lastUsedAt: string | null; revokedAt: string | null } | null;
  key: string;
  previousKeyExpiresAt: string;
  userErrors: unknown[];
}

async function ask(mutation: Mutation, input: object, by: Principal = partner.principal): Promise<Payload | string> {
  const { data, errors } = await shop.run(DOCUMENTS[mutation], { input }, by);
  return errors ? String(errors[0]!.extensions['code']) : (data as Record<string, Payload>)[mutation]!;
}
async function change(mutation: Mutation, input: object, by?: Principal): Promise<Payload> {
  const payload = await ask(mutation, input, by);
  if (typeof payload === 'string') throw new Error(payload);
  return payload;
}
async function newClient(input: object = { name: 'Till' }, by?: Principal): Promise<{ id: string; key: string }> {
  const { apiClient: made, key, userErrors } = await change('createApiClient', input, by);
  expect(userErrors).toEqual([]);
  return { id: made!.id, key };
}
let clientAddress = '';
const issue = (clientId: string, key: string, scopes: string[] = []) =>
  shop.command(issueClientToken, { clientId, key, scopes, clientAddress });
async function tokenOf(clientId: string, key: string, scopes: string[] = []) {
  const issued = await issue(clientId, key, scopes);
  if (issued.outcome !== 'issued') throw new Error(issued.outcome);
  const { principal } = await createAccessTokenVerifier(shop.services.accessTokens.publicJwks(), shop.clock).verify(
    issued.accessToken,
  );
  if (principal.kind !== 'client') throw new Error(principal.kind);
  return { ...issued, principal };
}
const stands = async (keyId: string): Promise<boolean | undefined> =>
  (await shop.command(readSessions, { sessionIds: [keyId] })).sessions[0]?.active;

test('a partner makes one: the key is shown once and kept as a hash; its token says who it is', async () => {
  const { apiClient: made, key, userErrors } = await change('createApiClient', { name: 'Till of Ada Byron' });
  expect({ made, userErrors }).toEqual({
    made: {
      ...{ id: made!.id, name: 'Till of Ada Byron', scopes: ['orders:read', 'orders:write'], rateTier: 'PARTNER' },
      ...{ owner: { id: partner.id }, lastUsedAt: null, revokedAt: null },
    },
    userErrors: [],
  });
  expect(key).toMatch(/^souk_live_[\w-]{43}$/);
  expect(JSON.stringify(await contents(shop))).not.toContain(key.slice('souk_live_'.length));
  expect(JSON.stringify(await contents(shop))).not.toContain('Byron');

  shop.clock.advance(1_800_000);
  const { principal, scopes, expiresInSeconds } = await tokenOf(made!.id, key);
  expect({ scopes, expiresInSeconds }).toEqual({ scopes: ['orders:read', 'orders:write'], expiresInSeconds: 3_600 });
  expect(principal).toEqual({
    ...{ kind: 'client', id: fromId('api', made!.id), ownerId: partner.principal.id, keyId: principal.keyId },
    ...{ scopes: ['orders:read', 'orders:write'], rateTier: 'PARTNER' },
  });
  expect(await stands(principal.keyId)).toBe(true);
  const used = await change('rotateApiClientKey', { id: made!.id });
  expect(used.apiClient?.lastUsedAt).toBe(`${shop.clock.now().toISOString().slice(0, 13)}:00:00.000Z`);
  expect((await shop.audited()).slice(-3)).toEqual(
    ['createApiClient', 'issueClientToken', 'rotateApiClientKey'].map((action) => `${action} ${made!.id}`),
  );
});

test('scopes: no more than it was given, and no more than it asks for', async () => {
  const { id, key } = await newClient({ name: 'Reader', scopes: ['orders:read'] });
  expect((await tokenOf(id, key)).principal.scopes).toEqual(['orders:read']);
  expect(await issue(id, key, ['orders:write'])).toEqual({ outcome: 'badScope' });
  const both = await newClient();
  expect((await tokenOf(both.id, both.key, ['orders:write'])).scopes).toEqual(['orders:write']);
  expect(await ask('createApiClient', { name: 'x', scopes: ['admin'] })).toMatchObject({
    ...{ apiClient: null, key: null, userErrors: [{ code: 'VALIDATION_ERROR', field: ['scopes', '0'] }] },
  });
});

test('a wrong key, another client, nonsense: all the same', async () => {
  const [one, other] = [await newClient(), await newClient()];
  for (const [id, key] of [
    [one.id, other.key],
    [one.id, `${one.key}x`],
    [one.id, ''],
    [partner.id, one.key],
    ['', one.key],
  ] as const)
    expect(await issue(id, key)).toEqual({ outcome: 'unknown' });
  await expect(
    shop.command(
      issueClientToken,
      { clientId: one.id, key: one.key, scopes: [], clientAddress },
      { principal: partner.principal },
    ),
  ).rejects.toMatchObject({ code: 'FORBIDDEN' });
});

test('wrong keys are counted by address, not by client, and a right one costs nothing', async () => {
  const { id, key } = await newClient();
  const { config } = shop.services;
  const usual = config.loginFailuresPerAddress;
  const most = (config.loginFailuresPerAddress = 3);
  for (let count = 0; count < most + 3; count += 1) expect((await issue(id, key)).outcome).toBe('issued');
  for (let count = 0; count < most; count += 1) expect((await issue(id, 'wrong')).outcome).toBe('unknown');
  expect(await issue(id, key)).toEqual({ outcome: 'braked', retrySeconds: 900 });
  const braked = clientAddress;
  clientAddress = randomUUID();
  expect((await issue(id, key)).outcome).toBe('issued');
  clientAddress = braked;
  shop.clock.advance(900_000);
  expect((await issue(id, key)).outcome).toBe('issued');
  config.loginFailuresPerAddress = usual;
});

test('rotation: both keys are good for the overlap, then only the new one; five at most', async () => {
  const { id, key: old } = await newClient();
  const before = await tokenOf(id, old);
  const { key, previousKeyExpiresAt } = await change('rotateApiClientKey', { id, overlapHours: 2 });
  expect(previousKeyExpiresAt).toBe(new Date(shop.clock.now().getTime() + 7_200_000).toISOString());
  expect((await issue(id, old)).outcome).toBe('issued');
  const after = await tokenOf(id, key);
  expect(await stands(before.principal.keyId)).toBe(true);

  // Rotated again with a longer overlap the first one goes on as it was to.
  await change('rotateApiClientKey', { id, overlapHours: 168 });
  shop.clock.advance(7_200_000);
  expect([await issue(id, old), (await issue(id, key)).outcome]).toEqual([{ outcome: 'unknown' }, 'issued']);
  expect([await stands(before.principal.keyId), await stands(after.principal.keyId)]).toEqual([false, true]);

  const last = await change('rotateApiClientKey', { id, overlapHours: 0 });
  expect([await issue(id, key), (await issue(id, last.key)).outcome]).toEqual([{ outcome: 'unknown' }, 'issued']);
  expect(await stands(after.principal.keyId)).toBe(false);
  await eventually(() => expect(woken).toContainEqual({ userId: partner.principal.id }));

  for (let more = 0; more < 5; more += 1) await change('rotateApiClientKey', { id });
  const keys = 'SELECT hash FROM api_key ORDER BY hash';
  const kept = await shop.services.db.rows(keys);
  expect(await change('rotateApiClientKey', { id })).toMatchObject({
    ...{ apiClient: null, key: null },
    userErrors: [{ code: 'CONFLICT', field: ['overlapHours'], details: { maximum: 5, retryable: false } }],
  });
  expect(await shop.services.db.rows(keys)).toEqual(kept);
  expect(await change('rotateApiClientKey', { id, overlapHours: 169 })).toMatchObject({
    userErrors: [{ code: 'VALIDATION_ERROR', field: ['overlapHours'] }],
  });
});

test('revoked: no token, no rotation, and what stands falls; again it stays as it is', async () => {
  const { id, key } = await newClient();
  const { principal } = await tokenOf(id, key);
  const { apiClient: revoked } = await change('revokeApiClient', { id });
  expect(revoked?.revokedAt).toBe(shop.clock.now().toISOString());
  expect(await issue(id, key)).toEqual({ outcome: 'unknown' });
  expect(await stands(principal.keyId)).toBe(false);
  await eventually(() => expect(woken).toEqual([{ userId: partner.principal.id }]));
  expect(await change('rotateApiClientKey', { id })).toMatchObject({ key: null, userErrors: [{ code: 'CONFLICT' }] });
  shop.clock.advance(1_000);
  expect((await change('revokeApiClient', { id })).apiClient).toEqual(revoked);
});

test.each([
  ['suspended', 'UPDATE account SET suspended_at = now() WHERE id = $1'],
  ['a partner no more', `UPDATE account SET role = 'CUSTOMER' WHERE id = $1`],
])('whose partner is %s: its key is good for nothing, and there are no new ones', async (_, sql) => {
  const { id, key } = await newClient();
  const { principal } = await tokenOf(id, key);
  await shop.services.db.rows(sql, [partner.principal.id]);
  expect(await issue(id, key)).toEqual({ outcome: 'unknown' });
  expect(await stands(principal.keyId)).toBe(false);
  // The access token still says PARTNER.
  expect(await ask('createApiClient', { name: 'x' })).toBe('FORBIDDEN');
  expect(await ask('rotateApiClientKey', { id })).toBe('FORBIDDEN');
});

test('to others it does not exist; admins manage all, and nobody else sets rate tiers', async () => {
  const { id } = await newClient();
  const [stranger, admin, ada] = [await shop.person('PARTNER'), await shop.person('ADMIN'), await shop.person()];
  const untouched = JSON.stringify(await contents(shop));
  const notFound = { apiClient: null, userErrors: [{ code: 'NOT_FOUND', field: ['id'], details: null }] };
  for (const mutation of ['rotateApiClientKey', 'revokeApiClient'] as const) {
    expect(await ask(mutation, { id }, stranger.principal)).toMatchObject(notFound);
    expect(await ask(mutation, { id }, nobody)).toBe('UNAUTHENTICATED');
    expect(await ask(mutation, { id }, apiClient({ ownerId: partner.principal.id }))).toBe('FORBIDDEN');
  }
  expect(await ask('createApiClient', { name: 'x' }, ada.principal)).toBe('FORBIDDEN');
  expect(await ask('createApiClient', { name: 'x' }, admin.principal)).toBe('FORBIDDEN');
  for (const by of [partner, stranger, ada])
    expect(await ask('updateApiClient', { id, rateTier: 'PREMIUM' }, by.principal)).toBe('FORBIDDEN');
  expect(JSON.stringify(await contents(shop))).toBe(untouched);

  const list = async (by: Principal, variables = {}) => {
    const { data, errors } = await shop.run(LIST, variables, by);
    return errors ? errors[0]?.extensions['code'] : (data as { apiClients: unknown }).apiClients;
  };
  expect(await list(partner.principal)).toEqual({ totalCount: 1, nodes: [{ id }] });
  expect(await list(stranger.principal)).toEqual({ totalCount: 0, nodes: [] });
  expect(await list(admin.principal, { first: 1 })).toMatchObject({ nodes: [{ id }] });
  expect(await list(ada.principal)).toBe('FORBIDDEN');
  expect(await list(nobody)).toBe('UNAUTHENTICATED');

  expect(await change('updateApiClient', { id, rateTier: 'PREMIUM' }, admin.principal)).toMatchObject({
    apiClient: { id, rateTier: 'PREMIUM' },
  });
  const { key } = await change('rotateApiClientKey', { id }, admin.principal);
  expect((await tokenOf(id, key)).principal.rateTier).toBe('PREMIUM');
  expect(await change('revokeApiClient', { id }, admin.principal)).toMatchObject({ userErrors: [] });
});

test('who was an admin when the token was signed, and is none now, manages no more than the role of now allows', async () => {
  const { id } = await newClient();
  const was = await shop.person('ADMIN');
  const become = (sql: string) => shop.services.db.rows(`UPDATE account SET ${sql} WHERE id = $1`, [was.principal.id]);
  await become(`role = 'PARTNER'`);
  const own = await newClient({ name: 'Own' }, was.principal);
  const update = (of: string) => ask('updateApiClient', { id: of, rateTier: 'PREMIUM' }, was.principal);
  const foreign = async () => [
    await ask('rotateApiClientKey', { id }, was.principal),
    await ask('revokeApiClient', { id }, was.principal),
    await update(id),
  ];
  const notFound = { userErrors: [{ code: 'NOT_FOUND', field: ['id'], details: null }] };
  for (const sql of [`role = 'PARTNER'`, `role = 'SUPPORT'`, `role = 'ADMIN', suspended_at = now()`]) {
    await become(sql);
    const untouched = JSON.stringify(await contents(shop));
    expect(await foreign()).toMatchObject([notFound, notFound, notFound]);
    expect(await update(own.id)).toBe('FORBIDDEN');
    expect(JSON.stringify(await contents(shop))).toBe(untouched);
  }
});

test('20 at most, however many are asked for at once; revoked ones do not count', async () => {
  const made = await Promise.all(Array.from({ length: 22 }, (_, n) => change('createApiClient', { name: `${n}` })));
  const refused = made.filter(({ apiClient: one }) => one === null);
  expect(refused.map(({ userErrors }) => userErrors)).toEqual(
    Array(2).fill([{ code: 'CONFLICT', field: null, details: { maximum: 20, retryable: false } }]),
  );
  await change('revokeApiClient', { id: made.find(({ apiClient: one }) => one)!.apiClient!.id });
  expect((await change('createApiClient', { name: 'one more' })).userErrors).toEqual([]);
});

test('old keys are pruned a day after they ended', async () => {
  const { id } = await newClient();
  await change('rotateApiClientKey', { id, overlapHours: 0 });
  const count = async () =>
    (
      await shop.services.db.rows<{ count: number }>(
        'SELECT count(*)::int AS count FROM api_key WHERE client_id = $1',
        [fromId('api', id)],
      )
    )[0]?.count;
  await shop.runJob('accounts.prune-sessions');
  expect(await count()).toBe(2);
  shop.clock.advance(86_400_001);
  await shop.runJob('accounts.prune-sessions');
  expect(await count()).toBe(1);
});

test('the migrations go back and forth', async () => {
  const other = `${shop.url}_migration`;
  await createDatabase(other);
  try {
    await migrate(other, accounts.migrations);
    const undone = ['RateTiersOfUsers1783730000000', 'CreateApiClients1783720000000'];
    for (const name of undone) expect(await migrate(other, accounts.migrations, 'down')).toEqual([name]);
    expect(await migrate(other, accounts.migrations)).toEqual(undone.toReversed());
  } finally {
    await dropDatabase(other);
  }
});
