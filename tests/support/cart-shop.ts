/** The cart subgraph with a catalog that the test rules. */
import { randomUUID } from 'node:crypto';
import { register } from 'prom-client';
import type { EventEnvelope } from '../../platform/bus/bus';
import type { EventDefinition } from '../../platform/bus/event';
import type { Principal } from '../../platform/auth/principal';
import type { Clock } from '../../platform/clock';
import { Fault } from '../../platform/errors';
import { toId } from '../../platform/ids';
import { cart } from '../../subgraphs/cart';
import type { VariantSnapshot } from '../../subgraphs/catalog/messages';
import { startSubgraph, type SubgraphUnderTest } from './subgraph';

/** A variant that the catalog of the test sells; ids are uuids, `id` is the public one. */
export type TestVariant = VariantSnapshot & { id: string };

/** A line as the tests' queries select it. */
export interface LineData {
  id: string;
  quantity: number;
  sku: string;
  productName: string;
  variantName: string;
  image: { url: string } | null;
  variant: { id: string } | null;
  unitPrice: { amount: string };
  discount: { amount: string };
  total: { amount: string };
}

/** A cart as the tests' queries select it. */
export interface CartData {
  id: string;
  token: string | null;
  itemCount: number;
  lines: LineData[];
  savedLines: LineData[];
  cost: Record<'subtotal' | 'discount' | 'total', { amount: string; currencyCode: string }> &
    Record<'shipping' | 'tax', { amount: string; currencyCode: string } | null> & { taxIncluded: boolean };
  promoCodes: { code: string; applied: boolean; discount: { amount: string }; reason: string | null }[];
  delivery: { address: Record<string, string | null> | null; shippingMethod: string | null } | null;
  shippingOptions: { method: string; name: string; price: { amount: string }; estimatedDelivery: string }[];
  buyer: { id: string } | null;
  updatedAt: string;
}

/** A user error as the tests' queries select it. */
export interface ErrorData {
  code: string;
  field: string[] | null;
  message: string;
  details: Record<string, unknown> | null;
  reason?: string;
}

const money = '{ amount currencyCode }';
const line = `{ id quantity sku productName variantName image { url } variant { id } unitPrice ${money} discount ${money} total ${money} }`;
/** Selection of {@link CartData}. */
export const CART = `{ id token itemCount
  lines ${line} savedLines ${line}
  cost { subtotal ${money} discount ${money} shipping ${money} tax ${money} total ${money} taxIncluded }
  promoCodes { code applied discount ${money} reason }
  delivery { address { name line1 line2 city region postalCode countryCode phone } shippingMethod }
  shippingOptions { method name price ${money} estimatedDelivery } buyer { id } updatedAt }`;

/** An address in California. */
export const ADDRESS = {
  name: 'Ada Byron',
  line1: '1 Loop',
  city: 'Cupertino',
  region: 'ca',
  postalCode: '95014',
  countryCode: 'US',
};

/** A customer. */
export function customer(id: string = randomUUID()): Extract<Principal, { kind: 'user' }> {
  return { kind: 'user', id, role: 'CUSTOMER', sessionId: randomUUID() };
}

/** Starts the subgraph and gives what its tests need. */
export async function startCartShop(options: { clock?: Clock } = {}) {
  const variants = new Map<string, VariantSnapshot>();
  const catalog = { down: false, asked: 0, beforeAnswer: async (): Promise<void> => undefined };
  const shop: SubgraphUnderTest = await startSubgraph(cart, {
    ...options,
    commands: {
      'catalog.priceVariants.v1': async ({ variantIds }: { variantIds: string[] }) => {
        catalog.asked += 1;
        if (catalog.down) throw new Fault('SERVICE_UNAVAILABLE');
        // What is answered is what it cost when the question arrived.
        const found = variantIds.flatMap((id) => {
          const variant = variants.get(id);
          return variant ? [{ ...variant, unitPrice: variant.unitPrice.toString() }] : [];
        });
        await catalog.beforeAnswer();
        return { variants: found };
      },
    },
  });

  /** Puts a variant on sale. */
  function sell(unitPrice: bigint, part: Partial<VariantSnapshot> = {}): TestVariant {
    const variantId = part.variantId ?? randomUUID();
    const snapshot: VariantSnapshot = {
      variantId,
      productId: randomUUID(),
      sku: `SKU-${variantId.slice(0, 8)}`,
      productName: 'Kettle',
      variantName: 'Red',
      image: { url: 'http://127.0.0.1/images/kettle.svg', altText: null, width: null, height: null },
      purchasable: true,
      ...part,
      unitPrice,
    };
    variants.set(variantId, snapshot);
    return { ...snapshot, id: toId('var', variantId) };
  }

  /** Runs a mutation that answers with a cart. */
  async function change(mutation: string, input: object, principal?: Principal) {
    const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`;
    const result = await shop.run(
      `mutation ($input: ${type}!) { ${mutation}(input: $input) { cart ${CART} userErrors { code field message details ... on PromoCodeError { reason } } } }`,
      { input },
      principal,
    );
    const answer = result.data?.[mutation] as { cart: CartData | null; userErrors: ErrorData[] } | null | undefined;
    return { cart: answer?.cart ?? null, userErrors: answer?.userErrors ?? [], errors: result.errors ?? [] };
  }

  /** The same, for one that has to work. */
  async function changed(mutation: string, input: object, principal?: Principal): Promise<CartData> {
    const { cart: data, userErrors, errors } = await change(mutation, input, principal);
    expect({ userErrors, errors }).toEqual({ userErrors: [], errors: [] });
    return data!;
  }

  /** Query.cart. */
  async function read(args: { id?: string; token?: string }, principal?: Principal): Promise<CartData | null> {
    const result = await shop.run(
      `query ($id: ID, $token: String) { cart(id: $id, token: $token) ${CART} }`,
      args,
      principal,
    );
    expect(result.errors).toBeUndefined();
    return result.data!['cart'] as CartData | null;
  }

  /** Everything that is stored, to show that nothing changed. */
  async function everything(): Promise<unknown> {
    const all = (table: string): Promise<object[]> => shop.services.db.rows(`SELECT * FROM ${table} ORDER BY 1`);
    return {
      carts: await all('cart'),
      lines: await all('cart_line'),
      quotes: await all('quote'),
      promotions: await all('promotion'),
    };
  }

  return { shop, catalog, variants, sell, change, changed, read, everything };
}

/** An event as it arrives; each call makes another one. */
export function envelopeOf<Payload>(
  definition: EventDefinition<string, Payload>,
  payload: Payload,
  aggregateVersion = 1,
): EventEnvelope {
  const { name, version } = definition;
  const ids = { id: randomUUID(), aggregateId: randomUUID() };
  const time = new Date().toISOString();
  return { ...ids, name, version, aggregateVersion, time, cause: 'test', payload: definition.encode(payload) };
}

/** Statements of requests so far. */
export async function statements(): Promise<number> {
  const metric = await register.getSingleMetric('souk_db_statements_total')!.get();
  return metric.values
    .filter(({ labels }) => labels['subgraph'] === 'cart' && labels['source'] === 'request')
    .reduce((sum, { value }) => sum + value, 0);
}
