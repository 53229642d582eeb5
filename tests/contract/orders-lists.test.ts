/** Lists of orders: whose, filtered, sorted, paged, and what they cost. */
import { register } from 'prom-client';
import type { Principal } from '../../platform/auth/principal';
import { fromId, toId } from '../../platform/ids';
import { startOrders, user, type OrdersShop } from '../support/orders-shop';

let now = new Date('2026-01-01T00:00:00Z');
let shop: OrdersShop;
const ada = user();
const grace = user();
const support = user('SUPPORT');
const idOf = (principal: Principal): string => (principal.kind === 'user' ? toId('user', principal.id) : '');

interface Row {
  id: string;
  total: number;
  status: string;
  placedAt: Date;
}
const rows: Row[] = [];
const STATUSES = ['PENDING', 'CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED', 'CANCELLED', 'RETURNED'];

beforeAll(async () => {
  shop = await startOrders({ clock: { now: () => now } });
  for (let index = 0; index < 30; index += 1) {
    // Two of each moment, and a few of each total: the id has to decide.
    now = new Date(Date.UTC(2026, 0, 1 + Math.floor(index / 2)));
    const { id } = await shop.place(ada);
    const row = { id, total: (index * 7) % 5, status: STATUSES[index % 7]!, placedAt: now };
    rows.push(row);
    await shop.services.db.rows(
      'UPDATE orders SET status = $2, total = $3, subtotal = $3, shipping = 0, tax = 0 WHERE id = $1',
      [fromId('ord', id), row.status, row.total],
    );
  }
  await shop.place(grace);
  // An attempt that failed is an order for nobody.
  const refused = { payment: { token: 'tok_declined' }, idempotencyKey: 'k' };
  expect((await shop.mutate('placeOrder', refused, ada)).order).toBeNull();
}, 30_000);
afterAll(() => shop.stop());

const LIST = `query ($filter: OrderFilter, $sort: OrderSort, $first: Int, $after: String, $last: Int, $before: String) {
  orders(filter: $filter, sort: $sort, first: $first, after: $after, last: $last, before: $before) {
    nodes { id } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
interface Page {
  nodes: { id: string }[];
  totalCount: number;
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string };
}
const list = async (variables: Record<string, unknown> = {}, by: Principal | undefined = ada) => {
  const { data, errors } = await shop.run(LIST, variables, by);
  return {
    page: data?.['orders'] as Page | null,
    code: errors?.[0]?.extensions['code'],
    details: errors?.[0]?.extensions['details'],
  };
};
const ids = async (variables: Record<string, unknown>, by = ada): Promise<string[]> =>
  (await list(variables, by)).page!.nodes.map(({ id }) => id);

type Compare = (a: Row, b: Row) => number;
const byId: Compare = (a, b) => (a.id < b.id ? -1 : 1);
const by =
  (...keys: ((row: Row) => number)[]): Compare =>
  (a, b) => {
    for (const key of keys) if (key(a) !== key(b)) return key(a) - key(b);
    return byId(a, b);
  };
const SORTS: [string, Compare][] = [
  ['OLDEST', by((row) => row.placedAt.getTime())],
  ['NEWEST', (a, b) => -by((row) => row.placedAt.getTime())(a, b)],
  ['TOTAL_ASC', by((row) => row.total)],
  ['TOTAL_DESC', (a, b) => -by((row) => row.total)(a, b)],
  [
    'STATUS',
    by(
      (row) => STATUSES.indexOf(row.status),
      (row) => row.placedAt.getTime(),
    ),
  ],
];

test.each(SORTS)('sorted by %s, forwards and backwards, in pages of 7', async (sort, compare) => {
  const expected = [...rows].sort(compare).map(({ id }) => id);
  expect(await ids({ sort, first: 100 })).toEqual(expected);
  const forward: string[] = [];
  for (let after: string | null = null, more = true; more;) {
    const { page } = await list({ sort, first: 7, after });
    forward.push(...page!.nodes.map(({ id }) => id));
    ({ endCursor: after, hasNextPage: more } = page!.pageInfo);
  }
  expect(forward).toEqual(expected);
  const backward: string[] = [];
  for (let before: string | null = null, more = true; more;) {
    const { page } = await list({ sort, last: 7, before });
    backward.unshift(...page!.nodes.map(({ id }) => id));
    ({ startCursor: before, hasPreviousPage: more } = page!.pageInfo);
  }
  expect(backward).toEqual(expected);
});

test('filtered by status and by time, [from, to)', async () => {
  const from = '2026-01-03T00:00:00Z';
  const to = '2026-01-10T01:00:00+01:00';
  const within = rows.filter(({ placedAt }) => placedAt >= new Date(from) && placedAt < new Date(to));
  const wanted = within.filter(({ status }) => status === 'SHIPPED' || status === 'CANCELLED');
  const filter = { status: ['SHIPPED', 'CANCELLED'], from, to };
  expect((await ids({ filter, sort: 'OLDEST' })).sort()).toEqual(wanted.map(({ id }) => id).sort());
  expect((await list({ filter })).page?.totalCount).toBe(wanted.length);
  expect((await list({ filter: { from, to } })).page?.totalCount).toBe(14);
  expect((await list({ filter: { status: [] } })).page?.totalCount).toBe(0);
});

test('everybody sees their own, staff all, nobody none', async () => {
  expect((await list({}, ada)).page?.totalCount).toBe(30);
  expect((await list({}, grace)).page?.totalCount).toBe(1);
  expect((await list({}, user('PARTNER'))).page?.totalCount).toBe(0);
  expect((await list({}, support)).page?.totalCount).toBe(31);
  const { data, errors } = await shop.run(LIST);
  expect([data, errors?.[0]?.extensions['code']]).toEqual([{ orders: null }, 'UNAUTHENTICATED']);
});

test('of a user: themselves and staff; to others null', async () => {
  const query = `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on User { orders { totalCount } } } }`;
  const variables = { representations: [{ __typename: 'User', id: idOf(ada) }] };
  for (const [principal, orders] of [
    [ada, { totalCount: 30 }],
    [support, { totalCount: 30 }],
    [grace, null],
    [undefined, null],
  ] as const) {
    expect(await shop.run(query, variables, principal)).toEqual({ data: { _entities: [{ orders }] } });
  }
  expect(await shop.run('{ me { id orders { totalCount } } }', {}, grace)).toEqual({
    data: { me: { id: idOf(grace), orders: { totalCount: 1 } } },
  });
  expect(await shop.run('{ me { id } }')).toEqual({ data: { me: null } });
});

test('an order is resolved by its key for those who may see it', async () => {
  const query = `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Order { number } } }`;
  const variables = {
    representations: [
      { __typename: 'Order', id: rows[0]!.id },
      { __typename: 'Order', id: 'nonsense' },
    ],
  };
  const { data } = await shop.run(query, variables, ada);
  expect(data).toEqual({ _entities: [{ number: expect.stringMatching(/^\w{10}$/) as string }, null] });
  expect(await shop.run(query, variables, grace)).toEqual({ data: { _entities: [null, null] } });
});

test.each([
  [{ first: 0 }, ['first']],
  [{ first: 101 }, ['first']],
  [{ first: 1, last: 1 }, ['last']],
  [{ after: '' }, ['after']],
  [{ after: 'nonsense' }, ['after']],
  [{ filter: { from: 'yesterday' } }, ['filter', 'from']],
  [{ filter: { to: '2026-01-01' } }, ['filter', 'to']],
])('refuses %j', async (variables, field) => {
  expect(await list(variables)).toMatchObject({ page: null, code: 'VALIDATION_ERROR', details: { field } });
});

test('a cursor belongs to its list, filter and sort', async () => {
  const { page } = await list({ first: 1 });
  const after = page!.pageInfo.endCursor;
  for (const variables of [
    { after, sort: 'OLDEST' },
    { after, filter: { status: ['PENDING'] } },
  ]) {
    expect(await list(variables)).toMatchObject({ page: null, code: 'VALIDATION_ERROR' });
  }
  expect(await list({ after }, support)).toMatchObject({ page: null, code: 'VALIDATION_ERROR' });
});

test('20 orders with lines, cost, parcels and their number cost 3 statements, 5 orders as many', async () => {
  const statements = async (): Promise<number> => {
    const { values } = await register.getSingleMetric('souk_db_statements_total')!.get();
    return values.find(({ labels }) => labels['subgraph'] === 'orders' && labels['source'] === 'request')?.value ?? 0;
  };
  const query = `query ($first: Int) { orders(first: $first) { totalCount nodes { id number status cost { total { amount } }
    shippingAddress { city } lines { sku total { amount } variant { id } } shipments { id lines { quantity } } } } }`;
  for (const first of [5, 20]) {
    const before = await statements();
    const { errors } = await shop.run(query, { first }, ada);
    expect(errors).toBeUndefined();
    expect((await statements()) - before).toBe(3);
  }
});

test('a page with timelines costs one statement more', async () => {
  await shop.job('orders.number-events');
  const { data } = await shop.run('{ orders(first: 20) { nodes { id timeline { status } } } }', {}, ada);
  const { nodes } = data?.['orders'] as { nodes: { timeline: unknown[] }[] };
  expect(nodes.map(({ timeline }) => timeline.length)).toEqual(Array.from({ length: 20 }, () => 2));
});
