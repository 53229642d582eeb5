/** Sentences of the public contract that no other story has reason to say, by requests as a client sends them. */
import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import * as documents from '../generated/graphql';
import { ADDRESS, codes, customer, must, productFor, shopUrl, Visitor, type GraphError } from '../support/shop';

const graphql = (): string => `${shopUrl()}/graphql`;

async function post(query: string, options: { accept?: string; token?: string } = {}) {
  const response = await fetch(graphql(), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: options.accept ?? 'application/json',
      ...(options.token && { authorization: `Bearer ${options.token}` }),
    },
    body: JSON.stringify({ query }),
  });
  const answer = (await response.json()) as { data?: Record<string, unknown>; errors?: GraphError[] };
  return { status: response.status, ...answer };
}

test.each(['{ __typename }', '{', '{ nobody }', 'query ($a: Int!) { products(first: $a) { totalCount } }'])(
  'a client that takes neither of our types is refused, whatever it asks: %s',
  async (query) => {
    const { status, errors } = await post(query, { accept: 'image/png' });
    expect(status).toBe(406);
    expect(errors?.[0]?.extensions.code).toBe('INVALID_REQUEST');
  },
);

test('a literal that lacks a field is told which', async () => {
  const { errors } = await post('mutation { addToCart(input: { quantity: 2 }) { cart { id } } }');
  expect(errors).toMatchObject([
    {
      message: 'Field "AddToCartInput.variantId" of required type "ID!" was not provided.',
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
    },
  ]);
});

describe('cursors', () => {
  async function cursor(): Promise<string> {
    const { products } = await new Visitor().get(documents.ProductsDocument, { first: 2, sort: 'NAME_ASC' });
    return must(products?.pageInfo.endCursor, undefined);
  }
  const parts = (text: string): string[] => JSON.parse(Buffer.from(text, 'base64url').toString()) as string[];
  const joined = (values: readonly unknown[]): string => Buffer.from(JSON.stringify(values)).toString('base64url');

  test('an untouched one leads on', async () => {
    const { errors } = await new Visitor().ask(documents.ProductsDocument, { after: await cursor(), sort: 'NAME_ASC' });
    expect(errors).toBeUndefined();
  });

  test.each<[string, (of: string[]) => unknown[]]>([
    ['another row of the right form', ([of, name]) => [of, name, '019420f2-ca50-7487-b150-2cb14f974df1']],
    ['another name', ([of, , id]) => [of, 'a lamp', id]],
    ['a huge name', ([of, , id]) => [of, 'x'.repeat(100_000), id]],
  ])('one changed to %s is refused', async (_, change) => {
    const after = joined(change(parts(await cursor())));
    expect(codes(await new Visitor().ask(documents.ProductsDocument, { after, sort: 'NAME_ASC' }))).toEqual([
      'VALIDATION_ERROR',
    ]);
  });
});

test('a day that the calendar does not have is no moment', async () => {
  const ada = await customer();
  for (const from of ['2024-02-30T00:00:00Z', '2023-02-29T12:00:00+02:00', '2024-04-31T00:00:00Z']) {
    const { errors } = await post(`{ orders(filter: { from: "${from}" }) { totalCount } }`, {
      token: must(ada.session, undefined).accessToken,
    });
    expect(errors).toMatchObject([{ path: ['orders'], extensions: { code: 'VALIDATION_ERROR' } }]);
  }
  const leapDay = await post('{ orders(filter: { from: "2024-02-29T00:00:00Z" }) { totalCount } }', {
    token: must(ada.session, undefined).accessToken,
  });
  expect(leapDay).toMatchObject({ data: { orders: { totalCount: 0 } } });
});

describe("a guest's order", () => {
  async function guestOrder() {
    const { variantId } = await productFor({});
    const guest = new Visitor();
    const { addToCart } = await guest.get(documents.AddToCartDocument, { input: { variantId } });
    const cartToken = must(addToCart?.cart?.token, addToCart?.userErrors);
    const { placeOrder } = await guest.get(documents.PlaceOrderDocument, {
      input: {
        cartToken,
        email: 'guest@example.com',
        shippingAddress: ADDRESS,
        payment: { token: 'tok_visa' },
        idempotencyKey: randomUUID(),
      },
    });
    const { id, token } = must(placeOrder?.order, placeOrder?.userErrors);
    return { id, token: must(token, undefined) };
  }

  test('keeps its token in the payload of its cancellation', async () => {
    const { id, token } = await guestOrder();
    const { data } = await post(`mutation {
      cancelOrder(input: { orderId: "${id}", token: "${token}", idempotencyKey: "once" }) {
        order { token status } userErrors { code }
      }
    }`);
    expect(data).toEqual({ cancelOrder: { order: { token, status: 'CANCELLED' }, userErrors: [] } });
  });

  test.each([
    ['first: 0', 'first'],
    ['first: 101', 'first'],
    ['after: ""', 'after'],
  ])('says which argument of its timeline is wrong: %s', async (argument, field) => {
    const { id, token } = await guestOrder();
    const { data, errors } = await post(`{ order(id: "${id}", token: "${token}") { timeline(${argument}) { type } } }`);
    expect(data).toEqual({ order: null });
    expect(errors).toMatchObject([
      { path: ['order', 'timeline'], extensions: { code: 'VALIDATION_ERROR', details: { field: [field] } } },
    ]);
    expect(errors?.[0]?.message.startsWith(field)).toBe(true);
  });
});

test.each([
  ['{', 'GRAPHQL_PARSE_FAILED'],
  ['{ nobody }', 'GRAPHQL_VALIDATION_FAILED'],
  ['fragment A on Query { __typename }', 'INVALID_REQUEST'],
])('an error over a socket has a request id like any other: %s', async (query, code) => {
  const socket = new WebSocket(graphql().replace('http', 'ws'), 'graphql-transport-ws');
  const message = await new Promise<{ payload: GraphError[] }>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init' })));
    socket.on('message', (data: Buffer) => {
      const { type, ...rest } = JSON.parse(data.toString()) as { type: string; payload: GraphError[] };
      if (type === 'connection_ack') socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
      else if (type === 'error') resolve(rest);
      else reject(new Error(`${type} came`));
    });
  }).finally(() => socket.terminate());
  expect(message.payload).toHaveLength(1);
  expect(Object.keys(message.payload[0]?.extensions ?? {}).toSorted()).toEqual(['code', 'requestId', 'timestamp']);
  expect(message.payload[0]?.extensions).toMatchObject({ code, requestId: expect.stringMatching(/./) as string });
});

test('every type, field, argument, input field and enum value says what it is', async () => {
  const described = 'name description';
  const { data } = await post(`{ __schema { types {
    ${described}
    fields(includeDeprecated: true) { ${described} args { ${described} } }
    inputFields { ${described} }
    enumValues(includeDeprecated: true) { ${described} }
  } } }`);
  interface Named {
    name: string;
    description: string | null;
    fields?: Named[] | null;
    args?: Named[] | null;
    inputFields?: Named[] | null;
    enumValues?: Named[] | null;
  }
  const silent = (prefix: string, node: Named): string[] => [
    ...(node.description ? [] : [`${prefix}${node.name}`]),
    ...[node.fields, node.args, node.inputFields, node.enumValues].flatMap((parts) =>
      (parts ?? []).flatMap((part) => silent(`${prefix}${node.name}.`, part)),
    ),
  ];
  const schema = data?.['__schema'] as { types: Named[] };
  // GraphQL's own introspection types are not ours to describe.
  const types = schema.types.filter(({ name }) => !name.startsWith('__'));
  expect(types.length).toBeGreaterThan(100);
  expect(types.flatMap((type) => silent('', type))).toEqual([]);
});
