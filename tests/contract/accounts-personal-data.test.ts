/** Accounts alone: collecting somebody's data, and deleting an account. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { EventEnvelope } from '../../platform/bus/bus';
import { fromId, newUuid } from '../../platform/ids';
import { PERSONAL_DATA_HOLDERS, personalDataGathered } from '../../platform/personal-data';
import { contents, nobody, PASSWORD, startAccounts, type AccountsUnderTest, type Person } from '../support/accounts';

let shop: AccountsUnderTest;
beforeAll(async () => {
  shop = await startAccounts();
});
afterAll(() => shop.stop());

const ERRORS = 'userErrors { code field details }';
const EXPORTS = '{ me { dataExports { id status requestedAt readyAt expiresAt content } } }';
interface Exported {
  id: string;
  status: string;
  requestedAt: string;
  readyAt: string | null;
  expiresAt: string;
  content: Record<string, Record<string, unknown>> | null;
}
const request = async (by: Person) => {
  const { data } = await shop.run(
    `mutation { requestDataExport { dataExport { id status } ${ERRORS} } }`,
    {},
    by.principal,
  );
  return (data as { requestDataExport: { dataExport: { id: string } | null; userErrors: unknown[] } })
    .requestDataExport;
};
const exportsOf = async (by: Person) =>
  ((await shop.run(EXPORTS, {}, by.principal)).data as { me: { dataExports: Exported[] } }).me.dataExports;
const remove = async (by: Person | undefined, password: string) => {
  const query = `mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) { user { id email } ${ERRORS} } }`;
  const { data, errors } = await shop.run(query, { input: { password } }, by?.principal ?? nobody);
  return errors
    ? errors.map(({ extensions }) => extensions['code'])
    : (data as { deleteAccount: unknown }).deleteAccount;
};
/** The export's uuid, as the event told it. */
const askedFor = async (by: Person) => {
  const [row] = await shop.services.db.rows<{ id: string }>(
    'SELECT id FROM data_export WHERE account_id = $1 ORDER BY requested_at DESC LIMIT 1',
    [by.principal.id],
  );
  return row!.id;
};
function gathered(exportId: string, holder: string, data: unknown): EventEnvelope {
  const payload = { exportId, holder, sealed: shop.services.sealer.sealJson(data) };
  const { name, version } = personalDataGathered;
  const common = { id: newUuid(), name, version, aggregateId: exportId };
  return { ...common, aggregateVersion: 0, time: '2026-11-21T10:00:00.000Z', cause: 'test', payload };
}

describe('an export', () => {
  it('is ready when all have answered, whatever the order and however often, and is for its owner alone', async () => {
    const ada = await shop.person();
    expect(await request(ada)).toEqual({
      dataExport: { id: expect.stringMatching(/^exp_/) as string, status: 'PENDING' },
      userErrors: [],
    });
    const id = await askedFor(ada);
    await shop.deliverOutbox();
    const others = PERSONAL_DATA_HOLDERS.filter((holder) => holder !== 'accounts');
    expect(await exportsOf(ada)).toMatchObject([{ status: 'PENDING', content: null, readyAt: null }]);
    const events = others.map((holder) => gathered(id, holder, { of: holder }));
    await Promise.all([...events, ...events].map((event) => shop.deliver(event)));
    await shop.deliverOutbox();
    await shop.deliver(gathered(id, 'cart', { of: 'somebody else' }));
    const now = shop.clock.now();
    expect(await exportsOf(ada)).toEqual([
      {
        id: expect.stringMatching(/^exp_/) as string,
        status: 'READY',
        requestedAt: now.toISOString(),
        readyAt: now.toISOString(),
        expiresAt: new Date(now.getTime() + 7 * 86_400_000).toISOString(),
        content: {
          accounts: {
            profile: {
              email: ada.email,
              firstName: null,
              lastName: null,
              role: 'CUSTOMER',
              rateTier: 'STANDARD',
              emailVerified: false,
              newEmail: null,
              suspendedAt: null,
              suspensionReason: null,
              createdAt: now.toISOString(),
            },
            addresses: [],
            sessions: [{ createdAt: now.toISOString(), lastUsedAt: now.toISOString(), endedAt: null }],
            apiClients: [],
            actions: expect.any(Array) as unknown[],
          },
          catalog: { of: 'catalog' },
          cart: { of: 'cart' },
          orders: { of: 'orders' },
          payments: { of: 'payments' },
        },
      },
    ]);
    const query = 'query ($id: ID!) { user(id: $id) { dataExports { id } } }';
    const admin = await shop.person('ADMIN');
    expect((await shop.run(query, { id: ada.id }, admin.principal)).data).toEqual({ user: { dataExports: null } });
    expect(await shop.audited()).toContain(`requestDataExport ${ada.id}`);
    const stored = JSON.stringify(await contents(shop)).toLowerCase();
    expect(stored).not.toContain(ada.email.toLowerCase());
    shop.clock.advance(7 * 86_400_000 + 1);
    expect(await exportsOf(ada)).toEqual([]);
    await shop.runJob('accounts.prune-sessions');
    expect((await contents(shop))['data_export_part']).toEqual([]);
  });

  it("has an address not yet confirmed, API clients and the reason of a suspension, without keys and nobody else's", async () => {
    const ada = await shop.person('PARTNER');
    const others = await shop.person('PARTNER');
    const CREATE =
      'mutation ($input: CreateApiClientInput!) { createApiClient(input: $input) { key userErrors { code } } }';
    for (const [by, name] of [
      [ada, "Ada's till"],
      [others, 'Of others'],
    ] as const) {
      const input = { name, scopes: ['orders:read'] };
      expect((await shop.run(CREATE, { input }, by.principal)).data).toMatchObject({
        createApiClient: { userErrors: [] },
      });
    }
    const CHANGE = 'mutation ($input: ChangeEmailInput!) { changeEmail(input: $input) { userErrors { code } } }';
    const email = `new-${randomUUID()}@example.com`;
    const changed = await shop.run(CHANGE, { input: { email, password: PASSWORD } }, ada.principal);
    expect(changed.data).toEqual({ changeEmail: { userErrors: [] } });
    await request(ada);
    const exportId = await askedFor(ada);
    const admin = await shop.person('ADMIN');
    const SUSPEND = 'mutation ($input: SuspendUserInput!) { suspendUser(input: $input) { userErrors { code } } }';
    const input = { userId: ada.id, suspended: true, reason: 'Ada shouted' };
    expect((await shop.run(SUSPEND, { input }, admin.principal)).data).toEqual({ suspendUser: { userErrors: [] } });
    await shop.deliverOutbox();
    const [answer] = await shop.services.db.rows<{ sealed: string }>(
      `SELECT payload->>'sealed' AS sealed FROM outbox WHERE name = 'personalData.gathered' AND aggregate_id = $1`,
      [exportId],
    );
    const now = shop.clock.now().toISOString();
    expect(shop.services.sealer.openJson(answer!.sealed, z.unknown())).toEqual({
      profile: {
        ...{ email: ada.email, firstName: null, lastName: null, role: 'PARTNER', rateTier: 'STANDARD' },
        ...{ emailVerified: false, newEmail: email, suspendedAt: now, suspensionReason: 'Ada shouted', createdAt: now },
      },
      addresses: [],
      sessions: [{ createdAt: now, lastUsedAt: now, endedAt: now }],
      apiClients: [
        {
          ...{ name: "Ada's till", scopes: ['orders:read'], rateTier: 'PARTNER' },
          ...{ createdAt: now, lastUsedAt: null, revokedAt: null },
        },
      ],
      actions: expect.any(Array) as unknown[],
    });
  });

  it('is collected once an hour at most, and for nobody not at all', async () => {
    const ada = await shop.person();
    const outcomes = await Promise.all([request(ada), request(ada), request(ada)]);
    expect(outcomes.filter(({ dataExport }) => dataExport !== null)).toHaveLength(1);
    expect(await request(ada)).toEqual({
      dataExport: null,
      userErrors: [{ code: 'CONFLICT', field: null, details: { retryable: true } }],
    });
    shop.clock.advance(3_600_000);
    expect((await request(ada)).userErrors).toEqual([]);
    const { errors } = await shop.run(`mutation { requestDataExport { ${ERRORS} } }`);
    expect(errors?.map(({ extensions }) => extensions['code'])).toEqual(['UNAUTHENTICATED']);
  });
});

describe('deleteAccount', () => {
  it('leaves nothing of the account, tells the others and its owner, and frees the address', async () => {
    const ada = await shop.person();
    await request(ada);
    const exportId = await askedFor(ada);
    expect(await remove(ada, PASSWORD)).toEqual({ user: { id: ada.id, email: null }, userErrors: [] });
    shop.mails.length = 0;
    await shop.runJob('accounts.send-mails');
    const mine = shop.mails.filter(({ to }) => to === ada.email);
    expect(mine.map(({ subject }) => subject)).toEqual(['Your account was deleted']);
    for (const table of ['account', 'session', 'mail_token', 'data_export', 'address']) {
      expect(JSON.stringify((await contents(shop))[table])).not.toContain(ada.principal.id);
    }
    const events = await shop.services.db.rows(
      `SELECT name, payload->>'action' AS action FROM outbox WHERE aggregate_id = $1 ORDER BY position DESC LIMIT 2`,
      [ada.principal.id],
    );
    expect(events).toEqual([
      { name: 'audit.recorded', action: 'deleteAccount' },
      { name: 'accounts.userErased', action: null },
    ]);
    // Late answers have nowhere to go, and do no harm.
    await shop.deliver(gathered(exportId, 'cart', {}));
    expect(await remove(ada, PASSWORD)).toEqual(['UNAUTHENTICATED']);
    const REGISTER =
      'mutation ($input: RegisterInput!) { register(input: $input) { user { email } userErrors { code } } }';
    const again = await shop.run(REGISTER, { input: { email: ada.email, password: PASSWORD } });
    expect(again.data).toEqual({ register: { user: { email: ada.email }, userErrors: [] } });
  });

  it('tells which API clients a partner had, revoked ones too', async () => {
    const partner = await shop.person('PARTNER');
    const create = 'mutation ($input: CreateApiClientInput!) { createApiClient(input: $input) { apiClient { id } } }';
    const client = async (by: Person): Promise<string> => {
      const { data } = await shop.run(create, { input: { name: 'Till' } }, by.principal);
      return (data as { createApiClient: { apiClient: { id: string } } }).createApiClient.apiClient.id;
    };
    const [till, shelf] = [await client(partner), await client(partner)];
    await client(await shop.person('PARTNER'));
    const revoke =
      'mutation ($input: RevokeApiClientInput!) { revokeApiClient(input: $input) { userErrors { code } } }';
    const revoked = await shop.run(revoke, { input: { id: till } }, partner.principal);
    expect(revoked.data).toEqual({ revokeApiClient: { userErrors: [] } });
    await remove(partner, PASSWORD);
    const [event] = await shop.services.db.rows<{ payload: { userId: string; clientIds: string[] } }>(
      `SELECT payload FROM outbox WHERE name = 'accounts.userErased' AND aggregate_id = $1`,
      [partner.principal.id],
    );
    expect(event!.payload.userId).toBe(partner.principal.id);
    expect([...event!.payload.clientIds].sort()).toEqual([till, shelf].map((id) => fromId('api', id)).sort());
  });

  it('is refused with a wrong password, to nobody and to the last admin, and nothing changes', async () => {
    await shop.services.db.rows(`UPDATE account SET role = 'CUSTOMER'`);
    const ada = await shop.person();
    const admin = await shop.person('ADMIN');
    const standing = async () => ({ ...(await contents(shop)), account_brake: [] });
    const before = await standing();
    const refused = (code: string, field: string[] | null, details: unknown = null) => ({
      user: null,
      userErrors: [{ code, field, details }],
    });
    expect(await remove(ada, 'wrong')).toEqual(refused('UNAUTHENTICATED', ['password']));
    expect(await remove(undefined, PASSWORD)).toEqual(['UNAUTHENTICATED']);
    expect(await remove(admin, PASSWORD)).toEqual(refused('CONFLICT', null, { retryable: false }));
    expect(await standing()).toEqual(before);
    // Another admin who cannot sign in is none.
    const suspended = await shop.person('ADMIN');
    await shop.services.db.rows('UPDATE account SET suspended_at = now() WHERE id = $1', [suspended.principal.id]);
    const withBoth = await standing();
    expect(await remove(admin, PASSWORD)).toEqual(refused('CONFLICT', null, { retryable: false }));
    expect(await standing()).toEqual(withBoth);
  });

  it('lets one of two admins go who leave at once', async () => {
    await shop.services.db.rows(`UPDATE account SET role = 'CUSTOMER'`);
    const admins = [await shop.person('ADMIN'), await shop.person('ADMIN')];
    const outcomes = await Promise.all(admins.map((admin) => remove(admin, PASSWORD)));
    expect(
      outcomes.filter((outcome) => 'user' in (outcome as object) && (outcome as { user: unknown }).user),
    ).toHaveLength(1);
    expect(await shop.services.db.rows(`SELECT count(*)::integer AS admins FROM account WHERE role = 'ADMIN'`)).toEqual(
      [{ admins: 1 }],
    );
  });

  it('of an unknown id is dropped by those who collect', async () => {
    await expect(shop.deliver(gathered(randomUUID(), 'orders', {}))).resolves.toBeUndefined();
  });
});
