/** Bad input of every kind: the documented error, naming field and limit, and nothing changed. */
import { randomUUID } from 'node:crypto';
import * as documents from '../generated/graphql';
import { TypedDocumentString } from '../generated/graphql';
import { ADDRESS, codes, customer, demo, must, PASSWORD, productFor, Visitor } from '../support/shop';

const UNKNOWN = {
  variant: 'var_01h455vb4pex5vsknk084sn02q',
  line: 'line_01h455vb4pex5vsknk084sn02q',
  order: 'ord_01h455vb4pex5vsknk084sn02q',
  address: 'addr_01h455vb4pex5vsknk084sn02q',
};
const long = (length: number): string => 'x'.repeat(length);

interface UserErrors {
  userErrors: { code: string; field?: string[] | null; details?: unknown; message: string }[];
}

/** Sends a mutation with input the types would not allow; gives its user errors. */
async function refusals<Data, Variables>(
  visitor: Visitor,
  document: TypedDocumentString<Data, Variables>,
  input: Record<string, unknown>,
): Promise<UserErrors['userErrors']> {
  const { data, errors } = await visitor.ask(document, { input } as Variables);
  expect(errors).toBeUndefined();
  const [payload] = Object.values(data as Record<string, UserErrors & Record<string, unknown>>);
  const { userErrors, ...objects } = must(payload, 'no payload');
  expect(Object.values(objects).every((object) => object === null)).toBe(true);
  return userErrors;
}

describe('a cart', () => {
  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['an unknown variant', { variantId: UNKNOWN.variant }, { code: 'NOT_FOUND', field: ['variantId'] }],
    ["another type's id", { variantId: UNKNOWN.order }, { code: 'VALIDATION_ERROR', field: ['variantId'] }],
    ['a malformed id', { variantId: 'var_' }, { code: 'VALIDATION_ERROR', field: ['variantId'] }],
    ['an empty id', { variantId: '' }, { code: 'VALIDATION_ERROR', field: ['variantId'] }],
    ['no units', { quantity: 0 }, { code: 'VALIDATION_ERROR', field: ['quantity'], details: { minimum: 1 } }],
    ['less than none', { quantity: -1 }, { code: 'VALIDATION_ERROR', field: ['quantity'], details: { minimum: 1 } }],
    [
      'too many units',
      { quantity: 10_000 },
      { code: 'VALIDATION_ERROR', field: ['quantity'], details: { maximum: 9_999 } },
    ],
    ['an unknown cart', { cartId: 'cart_01h455vb4pex5vsknk084sn02q' }, { code: 'NOT_FOUND', field: ['cartId'] }],
    ['an unknown token', { token: 'nobody-has-this' }, { code: 'NOT_FOUND', field: ['token'] }],
    ['an oversized token', { token: long(10_000) }, { code: 'VALIDATION_ERROR', field: ['token'] }],
  ])('%s', async (_, input, error) => {
    const { variantId } = await productFor({});
    const ada = await customer();
    const before = await ada.fill(variantId, 1);
    expect(await refusals(ada, documents.AddToCartDocument, { variantId, quantity: 1, ...input })).toMatchObject([
      error,
    ]);
    expect((await ada.get(documents.CartDocument, {})).cart).toEqual(before);
  });

  test('a variable that is null where a default would have been is no quantity', async () => {
    const ada = await customer();
    const { variantId } = await productFor({});
    const mutation = new TypedDocumentString<{ addToCart: null }, { variantId: string; quantity: null }>(
      `mutation ($variantId: ID!, $quantity: Int) {
        addToCart(input: { variantId: $variantId, quantity: $quantity }) { userErrors { code } } }`,
    );
    const answer = await ada.ask(mutation, { variantId, quantity: null });
    expect([answer.data, codes(answer)]).toEqual([{ addToCart: null }, ['BAD_USER_INPUT']]);
    expect((await ada.get(documents.CartDocument, {})).cart).toBeNull();
  });

  test.each([2 ** 31, 1.5, 'two', null])('a quantity of %p is no Int', async (quantity) => {
    const ada = await customer();
    const { variantId } = await productFor({});
    const answer = await ada.ask(documents.AddToCartDocument, { input: { variantId, quantity: quantity as number } });
    expect(codes(answer)).toEqual(['BAD_USER_INPUT']);
    expect(JSON.stringify(answer.errors)).not.toContain(String(quantity === null ? 'stack' : quantity));
    expect((await ada.get(documents.CartDocument, {})).cart?.lines ?? []).toEqual([]);
  });

  test.each<[string, Record<string, unknown>, string[]]>([
    ['an oversized name', { name: long(201) }, ['address', 'name']],
    ['an empty city', { city: '' }, ['address', 'city']],
    ['a country that is none', { countryCode: 'ZZ' }, ['address', 'countryCode']],
    ['a country in words', { countryCode: 'Germany' }, ['address', 'countryCode']],
    ['an oversized line', { line2: long(201) }, ['address', 'line2']],
  ])('delivery to %s', async (_, part, field) => {
    const { variantId } = await productFor({});
    const ada = await customer();
    const before = await ada.fill(variantId, 1);
    const errors = await refusals(ada, documents.SetCartDeliveryDocument, { address: { ...ADDRESS, ...part } });
    expect(errors).toMatchObject([{ code: 'VALIDATION_ERROR', field }]);
    expect((await ada.get(documents.CartDocument, {})).cart).toEqual(before);
  });
});

describe('an account', () => {
  const someone = (): Record<string, unknown> => ({ email: `bad-${randomUUID()}@example.com`, password: PASSWORD });
  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['a malformed e-mail', { email: 'not an address' }, { field: ['email'] }],
    ['an empty e-mail', { email: '' }, { field: ['email'] }],
    ['an oversized e-mail', { email: `${long(250)}@example.com` }, { field: ['email'], details: { maximum: 254 } }],
    ['a short password', { password: 'too short' }, { field: ['password'], details: { minimum: 10 } }],
    ['an oversized password', { password: long(129) }, { field: ['password'], details: { maximum: 128 } }],
    ['an oversized name', { firstName: long(201) }, { field: ['firstName'], details: { maximum: 200 } }],
  ])('%s', async (_, part, error) => {
    const input = { ...someone(), ...part };
    const errors = await refusals(new Visitor(), documents.RegisterDocument, input);
    expect(errors).toMatchObject([{ code: 'VALIDATION_ERROR', ...error }]);
    for (const value of Object.values(part)) if (value) expect(JSON.stringify(errors)).not.toContain(value);
  });

  test('wrong credentials do not tell whether there is such an account', async () => {
    const ada = await customer();
    const known = await refusals(new Visitor(), documents.LoginDocument, {
      email: ada.email,
      password: 'wrong password',
    });
    const unknown = await refusals(new Visitor(), documents.LoginDocument, {
      email: 'nobody@example.com',
      password: 'wrong password',
    });
    expect(known).toEqual(unknown);
    expect(known).toMatchObject([{ code: 'UNAUTHENTICATED' }]);
  });

  test('an address of e-mail can be registered once, whatever its case', async () => {
    const ada = await customer();
    const errors = await refusals(new Visitor(), documents.RegisterDocument, {
      email: ada.email.toUpperCase(),
      password: PASSWORD,
    });
    expect(errors).toMatchObject([{ code: 'CONFLICT', field: ['email'] }]);
  });
});

describe('an order', () => {
  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['no key', { idempotencyKey: '' }, { code: 'VALIDATION_ERROR', field: ['idempotencyKey'] }],
    [
      'an oversized key',
      { idempotencyKey: long(256) },
      { code: 'VALIDATION_ERROR', field: ['idempotencyKey'], details: { maximum: 255 } },
    ],
    [
      'an oversized note',
      { note: long(2_001) },
      { code: 'VALIDATION_ERROR', field: ['note'], details: { maximum: 2_000 } },
    ],
    [
      'an unknown shipping method',
      { shippingMethod: 'PIGEON' },
      { code: 'VALIDATION_ERROR', field: ['shippingMethod'] },
    ],
    ['no way to pay', { payment: {} }, { code: 'VALIDATION_ERROR' }],
    ['no address', { shippingAddress: null }, { code: 'VALIDATION_ERROR', field: ['shippingAddress'] }],
    ['an unknown cart', { cartId: 'cart_01h455vb4pex5vsknk084sn02q' }, { code: 'NOT_FOUND', field: ['cartId'] }],
    [
      'a negative total',
      { expectedTotal: { amount: '-1.00', currencyCode: 'USD' } },
      { code: 'VALIDATION_ERROR', field: ['expectedTotal', 'amount'] },
    ],
    [
      'another currency',
      { expectedTotal: { amount: '1.00', currencyCode: 'EUR' } },
      { code: 'VALIDATION_ERROR', field: ['expectedTotal', 'currencyCode'] },
    ],
    [
      'too many digits',
      { expectedTotal: { amount: '1.005', currencyCode: 'USD' } },
      { code: 'VALIDATION_ERROR', field: ['expectedTotal', 'amount'] },
    ],
  ])('%s', async (_, part, error) => {
    const { variantId, available } = await productFor({ onHand: 5 });
    const ada = await customer();
    const before = await ada.fill(variantId, 1);
    const input = { shippingAddress: ADDRESS, payment: { token: 'tok_visa' }, idempotencyKey: randomUUID(), ...part };
    expect(await refusals(ada, documents.PlaceOrderDocument, input)).toMatchObject([error]);
    const { me } = await ada.get(documents.MyCartDocument, {});
    expect(me?.cart).toMatchObject({ id: before.id, lines: before.lines });
    expect((await ada.get(documents.MyOrdersDocument, {})).me?.orders?.totalCount).toBe(0);
    expect(await available()).toBe(5);
  });

  test('an empty cart is not an order', async () => {
    const ada = await customer();
    const errors = await refusals(ada, documents.PlaceOrderDocument, {
      shippingAddress: ADDRESS,
      payment: { token: 'tok_visa' },
      idempotencyKey: randomUUID(),
    });
    expect(errors).toHaveLength(1);
    expect(['VALIDATION_ERROR', 'NOT_FOUND', 'CONFLICT']).toContain(errors[0]?.code);
  });
});

describe('the catalogue', () => {
  test.each<[string, Record<string, unknown>, string[]]>([
    ['an empty name', { name: '' }, ['name']],
    ['an oversized name', { name: long(201) }, ['name']],
    ['no variants', { variants: [] }, ['variants']],
    [
      'a price with a sign',
      { variants: [{ sku: 'a', name: 'a', price: { amount: '-1', currencyCode: 'USD' } }] },
      ['variants', '0', 'price', 'amount'],
    ],
    [
      'a price with an exponent',
      { variants: [{ sku: 'a', name: 'a', price: { amount: '1e3', currencyCode: 'USD' } }] },
      ['variants', '0', 'price', 'amount'],
    ],
  ])('%s', async (_, part, field) => {
    const admin = await demo('admin');
    const variants = [{ sku: `BAD-${randomUUID()}`, name: 'a', price: { amount: '1.00', currencyCode: 'USD' } }];
    const errors = await refusals(admin, documents.CreateProductDocument, { name: 'A lamp', variants, ...part });
    expect(errors[0]).toMatchObject({ code: 'VALIDATION_ERROR', field });
  });

  test.each<[string, Record<string, unknown>]>([
    ['first 0', { first: 0 }],
    ['first 101', { first: 101 }],
    ['first with last', { first: 1, last: 1 }],
    ['an empty cursor', { after: '' }],
    ["somebody else's cursor", { after: 'bm90IG91cnM' }],
    ['an oversized query', { query: long(201) }],
    ['a malformed price', { filter: { minPrice: 'cheap' } }],
  ])('products with %s is VALIDATION_ERROR', async (_, variables) => {
    const answer = await new Visitor().ask(documents.ProductsDocument, variables);
    expect(codes(answer)).toEqual(['VALIDATION_ERROR']);
    expect(answer.errors?.[0]).toMatchObject({
      path: ['products'],
      extensions: { requestId: expect.any(String) as string },
    });
  });

  test('a cursor of another sort is refused', async () => {
    const { products } = await new Visitor().get(documents.ProductsDocument, { first: 1, sort: 'NAME_ASC' });
    const after = must(products?.pageInfo.endCursor, undefined);
    expect(codes(await new Visitor().ask(documents.ProductsDocument, { after, sort: 'PRICE_ASC' }))).toEqual([
      'VALIDATION_ERROR',
    ]);
  });

  test('an unknown sort is no value of the enum', async () => {
    const answer = await new Visitor().ask(documents.ProductsDocument, { sort: 'CHEAPEST' as 'NEWEST' });
    expect(codes(answer)).toEqual(['BAD_USER_INPUT']);
  });

  test.each(['', 'prod_', 'nonsense', UNKNOWN.order, 'prod_01h455vb4pex5vsknk084sn02q', long(5_000)])(
    'an id that leads nowhere gives null',
    async (id) => {
      expect((await new Visitor().get(documents.ProductDocument, { id })).product).toBeNull();
      expect((await new Visitor().get(documents.OrderDocument, { id })).order).toBeNull();
    },
  );
});
