/** What tests of the catalog have in common. */
import { randomUUID } from 'node:crypto';
import { register } from 'prom-client';
import type { Principal, Role, UserPrincipal } from '../../platform/auth/principal';
import { fromId } from '../../platform/ids';
import type { SubgraphUnderTest } from './subgraph';

/** A signed-in user of a role. */
export function userOf(role: Role): UserPrincipal {
  return { kind: 'user', id: randomUUID(), role, sessionId: randomUUID() };
}

/** An admin. */
export const ADMIN = userOf('ADMIN');

/** A user error of the answers below. */
export interface UserErrorParts {
  __typename: string;
  code: string;
  field: string[] | null;
  details: Record<string, unknown> | null;
  sku?: string;
  available?: number;
}

const ERRORS = `userErrors { __typename code message field details ... on InventoryError { sku available } }`;

/** Runs a mutation of one input as the admin, or as somebody else; gives its payload. Fails on GraphQL errors. */
export async function mutate<Payload extends object>(
  shop: SubgraphUnderTest,
  name: string,
  input: object,
  selection: string,
  principal: Principal = ADMIN,
): Promise<Payload & { userErrors: UserErrorParts[] }> {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  const query = `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} ${ERRORS} } }`;
  const { data, errors } = await shop.run(query, { input }, principal);
  expect(errors).toBeUndefined();
  return data?.[name] as Payload & { userErrors: UserErrorParts[] };
}

/** Runs a query; gives its data. Fails on errors. */
export async function read<Data extends object>(
  shop: SubgraphUnderTest,
  query: string,
  variables: Record<string, unknown> = {},
  principal?: Principal,
): Promise<Data> {
  const { data, errors } = await shop.run(query, variables, principal);
  expect(errors).toBeUndefined();
  return data as Data;
}

/** Code and field of the first GraphQL error of an operation. */
export async function refused(
  shop: SubgraphUnderTest,
  query: string,
  variables: Record<string, unknown> = {},
  principal?: Principal,
): Promise<{ code: unknown; field: unknown; message: string }> {
  const { errors } = await shop.run(query, variables, principal);
  const [error] = errors ?? [];
  const details = error?.extensions['details'] as { field?: unknown } | undefined;
  return { code: error?.extensions['code'], field: details?.field, message: error?.message ?? '' };
}

/** An amount in dollars. */
export const usd = (amount: string) => ({ amount, currencyCode: 'USD' });

/** A product as the helper makes it; uuids for commands, ids for the graph. */
export interface MadeProduct {
  id: string;
  uuid: string;
  slug: string;
  variants: { id: string; uuid: string; sku: string }[];
}

/** Makes a product with one variant for each stock level given. */
export async function makeProduct(
  shop: SubgraphUnderTest,
  given: { name?: string; onHand?: number[]; prices?: string[] } & Record<string, unknown> = {},
): Promise<MadeProduct> {
  const { name = 'Plain Thing', onHand = [10], prices = [], ...rest } = given;
  const base = randomUUID().slice(0, 8);
  const variants = onHand.map((units, index) => ({
    sku: `${base}-${index}`,
    name: `No. ${index}`,
    price: usd(prices[index] ?? '10.00'),
    onHand: units,
  }));
  const { product, userErrors } = await mutate<{
    product: { id: string; slug: string; variants: { id: string; sku: string }[] };
  }>(shop, 'createProduct', { name, variants, ...rest }, 'product { id slug variants { id sku } }');
  expect(userErrors).toEqual([]);
  return {
    ...product,
    uuid: fromId('prod', product.id)!,
    variants: product.variants.map((variant) => ({ ...variant, uuid: fromId('var', variant.id)! })),
  };
}

/** Level of a variant as the table has it. */
export async function levelOf(
  shop: SubgraphUnderTest,
  variantId: string,
): Promise<{ on_hand: number; reserved: number }> {
  const [row] = await shop.services.db.rows<{ on_hand: number; reserved: number }>(
    'SELECT on_hand, reserved FROM stock_level WHERE variant_id = $1',
    [variantId],
  );
  return row!;
}

/** Fails unless every level is the sum of its movements, and every product's availability that of its variants. */
export async function expectLedgerToAgree(shop: SubgraphUnderTest): Promise<void> {
  const wrong = await shop.services.db.rows(
    `SELECT s.variant_id FROM stock_level s LEFT JOIN LATERAL (
       SELECT coalesce(sum(CASE WHEN kind IN ('initial', 'adjust', 'restock') THEN quantity WHEN kind = 'sell' THEN -quantity END), 0) AS on_hand,
              coalesce(sum(CASE kind WHEN 'reserve' THEN quantity WHEN 'release' THEN -quantity WHEN 'expire' THEN -quantity
                                     WHEN 'sell' THEN -quantity END), 0) AS reserved
       FROM stock_movement m WHERE m.variant_id = s.variant_id
     ) sum ON true
     WHERE sum.on_hand <> s.on_hand OR sum.reserved <> s.reserved`,
  );
  expect(wrong).toEqual([]);
  const held = await shop.services.db.rows(
    `SELECT s.variant_id FROM stock_level s LEFT JOIN (
       SELECT variant_id, sum(quantity) AS quantity FROM reservation_line JOIN reservation USING (order_id)
       WHERE state IN ('RESERVED', 'PINNED') GROUP BY variant_id
     ) line USING (variant_id) WHERE s.reserved <> coalesce(line.quantity, 0)`,
  );
  expect(held).toEqual([]);
  const mistaken = await shop.services.db.rows(
    `SELECT p.id FROM product p JOIN variant v ON v.product_id = p.id JOIN stock_level s ON s.variant_id = v.id
     GROUP BY p.id HAVING p.available <> bool_or(s.on_hand > s.reserved)`,
  );
  expect(mistaken).toEqual([]);
}

/** Statements that requests have sent to the catalog's database so far. */
export async function statementsSoFar(): Promise<number> {
  const metric = await register.getSingleMetric('souk_db_statements_total')?.get();
  const own = metric?.values.find(({ labels }) => labels['subgraph'] === 'catalog' && labels['source'] === 'request');
  return own?.value ?? 0;
}

/** Statements that an operation sends. */
export async function statementsOf(work: () => Promise<unknown>): Promise<number> {
  const before = await statementsSoFar();
  await work();
  return (await statementsSoFar()) - before;
}
