/** Errors as clients see them: one shape, a path to each missing place, and nothing internal. */
import { placeErrors } from '../../gateway/place-errors';
import { startTestGateway, type TestGateway } from '../support/gateway';

let shop: TestGateway;
beforeAll(async () => {
  shop = await startTestGateway();
});
afterAll(() => shop.gateway.stop());
afterEach(() => {
  for (const control of Object.values(shop.subgraphs)) Object.assign(control, { down: false, before: undefined });
});

const text: unknown = expect.any(String);
const time: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);
const EXTENSIONS = { requestId: text, timestamp: time };
const unavailable = (...path: (string | number)[]) => ({
  message: 'This part of the shop is unavailable. Try again soon.',
  path,
  extensions: { code: 'SERVICE_UNAVAILABLE', ...EXTENSIONS },
});

async function authorization(): Promise<Record<string, string>> {
  return { authorization: `Bearer ${await shop.token()}` };
}

test('a subgraph that is down costs its root fields, by their names in the operation', async () => {
  shop.subgraphs.catalog.down = true;
  const { status, body } = await shop.post({
    query: '{ goods: products { id } orders { id } product(id: "1") { id } }',
  });
  expect(status).toBe(200);
  expect(body.data).toEqual({ goods: null, orders: [{ id: 'o1' }], product: null });
  expect(body.errors).toEqual([unavailable('goods'), unavailable('product')]);
});

test('a subgraph that is down costs what it adds to others, each place with its path', async () => {
  shop.subgraphs.catalog.down = true;
  const query = 'query Q($no: Boolean!) { orders { id product { id label: name stock @include(if: $no) } } }';
  const { body } = await shop.post({ query, variables: { no: false } });
  expect(body.data).toEqual({ orders: [{ id: 'o1', product: null }] });
  // `name` may not be null, so the product is what is missing.
  expect(body.errors).toEqual([unavailable('orders', 0, 'product')]);
});

test('what a subgraph adds to the user works without accounts, and costs accounts nothing', async () => {
  shop.subgraphs.accounts.down = true;
  const before = shop.subgraphs.accounts.requests.length;
  const { body } = await shop.post({ query: '{ me { id orderCount } }' }, await authorization());
  expect(body).toEqual({ data: { me: { id: text, orderCount: 3 } } });
  expect(shop.subgraphs.accounts.requests).toHaveLength(before);
});

test('what a subgraph adds to the user is missing alone', async () => {
  shop.subgraphs.orders.down = true;
  const { body } = await shop.post({ query: '{ me { id email orderCount } }' }, await authorization());
  expect(body.data).toEqual({ me: { id: text, email: 'ada@souk.example', orderCount: null } });
  expect(body.errors).toEqual([unavailable('me', 'orderCount')]);
});

test('errors of one answer are at most a hundred', () => {
  const errors = Array.from({ length: 150 }, (_, index) => ({ message: 'x', path: ['products', index] }));
  expect(placeErrors({ products: [] }, errors)).toEqual(errors.slice(0, 100));
});

test('a bug in a subgraph is INTERNAL_ERROR and says nothing', async () => {
  const { body } = await shop.post({ query: '{ boom whoami }' });
  expect(body).toEqual({
    data: { boom: null, whoami: 'anonymous' },
    errors: [
      {
        message: 'Something went wrong on our side.',
        path: ['boom'],
        extensions: { code: 'INTERNAL_ERROR', ...EXTENSIONS },
      },
    ],
  });
});

test('an endpoint that throws is INTERNAL_ERROR and says nothing', async () => {
  shop.subgraphs.accounts.before = () => {
    throw new Error('getaddrinfo ENOTFOUND accounts.internal');
  };
  const { body } = await shop.post({ query: '{ whoami }' });
  expect(JSON.stringify(body)).not.toMatch(/internal:|accounts|getaddrinfo|ENOTFOUND/);
  expect(body.errors).toMatchObject([{ path: ['whoami'], extensions: { code: 'INTERNAL_ERROR' } }]);
});

test('a subgraph that refuses what the gateway planned is our bug, with a path', async () => {
  shop.subgraphs.catalog.before = (request) => {
    request.variables = { ...request.variables, representations: 'no list' };
  };
  const { body } = await shop.post({ query: '{ orders { product { name } } }' });
  expect(body.errors?.[0]).toMatchObject({ path: ['orders', 0, 'product'], extensions: { ...EXTENSIONS } });
  expect(JSON.stringify(body)).not.toMatch(/no list|_entities|representations|valueCompletion/);
});

test('nothing of the gateway library is added to an answer', async () => {
  const { body } = await shop.post({ query: '{ broken whoami }' });
  expect(Object.keys(body).sort()).toEqual(['data', 'errors']);
  expect(Object.keys(body.errors![0]!.extensions).sort()).toEqual(['code', 'requestId', 'timestamp']);
});

test('an answer that does not come is an outage after ten seconds', async () => {
  shop.subgraphs.catalog.before = () => new Promise((resolve) => setTimeout(resolve, 10_500));
  const { body } = await shop.post({ query: '{ products { id } whoami }' });
  expect(body.data).toEqual({ products: null, whoami: 'anonymous' });
  expect(body.errors).toEqual([{ ...unavailable('products'), message: 'The answer took too long. Try again soon.' }]);
}, 15_000);

const SECRET = 'hunter2';
test.each([
  [
    'a literal of the wrong type',
    `{ products(first: "${SECRET}") { id } }`,
    {},
    'GRAPHQL_VALIDATION_FAILED',
    'A value has the wrong type: expected Int.',
  ],
  [
    'an enum literal',
    `{ products(sort: ${SECRET}) { id } }`,
    {},
    'GRAPHQL_VALIDATION_FAILED',
    'A value has the wrong type: expected Sort.',
  ],
  [
    'a text for an enum',
    `{ products(sort: "${SECRET}") { id } }`,
    {},
    'GRAPHQL_VALIDATION_FAILED',
    'A value has the wrong type: expected Sort.',
  ],
  [
    'an object for a number',
    `{ products(first: { a: "${SECRET}" }) { id } }`,
    {},
    'GRAPHQL_VALIDATION_FAILED',
    'A value has the wrong type: expected Int.',
  ],
  [
    'a text where none belongs',
    `{ "${SECRET}" }`,
    {},
    'GRAPHQL_PARSE_FAILED',
    'Syntax Error: Expected Name, found String.',
  ],
  [
    'a variable',
    'query Q($v: Int) { products(first: $v) { id } }',
    { v: SECRET },
    'BAD_USER_INPUT',
    'Variable "$v" has a wrong value: expected type "Int".',
  ],
  [
    'a number too large',
    'query Q($v: Int) { products(first: $v) { id } }',
    { v: 2 ** 31 },
    'BAD_USER_INPUT',
    'Variable "$v" has a wrong value: expected type "Int".',
  ],
  [
    'an enum variable',
    'query Q($v: Sort) { products(sort: $v) { id } }',
    { v: SECRET },
    'BAD_USER_INPUT',
    'Variable "$v" has a wrong value: expected type "Sort".',
  ],
  [
    'a place deep inside',
    'query Q($v: Filter) { products(filter: $v) { id } }',
    { v: { sku: 'a', ranges: [{ min: SECRET }] } },
    'BAD_USER_INPUT',
    'Variable "$v" has a wrong value at "v.ranges.0.min": expected type "Int!".',
  ],
  [
    'a missing field',
    'query Q($v: Filter) { products(filter: $v) { id } }',
    { v: { ranges: [] } },
    'BAD_USER_INPUT',
    'Variable "$v" is incomplete: Field "sku" of required type "String!" was not provided.',
  ],
  [
    'a field too many',
    'query Q($v: Filter) { products(filter: $v) { id } }',
    { v: { sku: 'a', [SECRET]: 1 } },
    'BAD_USER_INPUT',
    'Variable "$v" has a field that type "Filter" does not define.',
  ],
  [
    'null for a value that must be there',
    'query Q($v: ID!) { product(id: $v) { id } }',
    { v: null },
    'BAD_USER_INPUT',
    'Variable "$v" has a wrong value: expected type "ID!".',
  ],
])('a message does not repeat values: %s', async (_name, query, variables, code, message) => {
  const { body } = await shop.post({ query, variables });
  expect(body).toEqual({ errors: [expect.objectContaining({ message, extensions: { code, ...EXTENSIONS } })] });
  expect(JSON.stringify(body)).not.toContain(SECRET);
});
