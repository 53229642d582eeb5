/** Reading and locking carts: one statement for the cart, one for its lines. */
import type { EntityManager } from 'typeorm';
import type { Owner } from '../../platform/auth/principal';
import type { CartLineRow, CartRow } from './cart.entity';

/** What runs a statement: a transaction, or the pool. */
export type Runner = Pick<EntityManager, 'query'>;

/** Which cart is meant: exactly one of id (with the token or owner that gives access to it), token hash, owner. */
export type CartKey =
  | { by: 'id'; id: string; tokenHash: string | null; owner: Owner | null }
  | { by: 'token'; tokenHash: string }
  | { by: 'owner'; owner: Owner };

type CartTexts = 'subtotal' | 'discount' | 'total' | 'priceVersion';
type RawCart = Omit<CartRow, CartTexts | 'shipping' | 'tax'> &
  Record<CartTexts, string> & { shipping: string | null; tax: string | null };
type LineTexts = 'unitPrice' | 'discount' | 'total' | 'priceVersion';
type RawLine = Omit<CartLineRow, LineTexts> & Record<LineTexts, string>;

const CART = `id, owner_kind AS "ownerKind", owner_id AS "ownerId", status, order_id AS "orderId", merged_into AS "mergedInto",
  token_hash AS "tokenHash", sealed_token AS "sealedToken", currency_code AS "currencyCode", tax_included AS "taxIncluded",
  line_count AS "lineCount", item_count AS "itemCount", subtotal, discount, shipping, tax, total,
  price_version AS "priceVersion", country_code AS "countryCode", tax_region AS "taxRegion",
  sealed_address AS "sealedAddress", shipping_method AS "shippingMethod",
  promo_codes AS "promoCodes", created_at AS "createdAt", updated_at AS "updatedAt"`;
const LINE = `id, cart_id AS "cartId", variant_id AS "variantId", product_id AS "productId", sku, product_name AS "productName",
  variant_name AS "variantName", image, quantity, saved, unit_price AS "unitPrice", discount, total, price_version AS "priceVersion"`;

/**
 * The cart of a key, or null. Without `over` only a live one (ACTIVE or CLAIMED). With `lock` its row is locked to the end of the
 * transaction. A key by id finds nothing unless token or owner fits.
 */
export async function findCart(
  runner: Runner,
  key: CartKey,
  options: { lock?: boolean; over?: boolean } = {},
): Promise<CartRow | null> {
  const { condition, parameters } = conditionOf(key);
  const alive = options.over ? '' : `AND status IN ('ACTIVE', 'CLAIMED')`;
  const rows: RawCart[] = await runner.query(
    `SELECT ${CART} FROM cart WHERE ${condition} ${alive} ${options.lock ? 'FOR UPDATE' : ''}`,
    parameters,
  );
  return rows[0] ? toCart(rows[0]) : null;
}

/** Locks carts in the order of their ids: the one order in which more than one cart is ever locked. */
export async function lockCarts(runner: Runner, ids: readonly string[]): Promise<CartRow[]> {
  const rows: RawCart[] = await runner.query(
    `SELECT ${CART} FROM cart WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE`,
    [ids],
  );
  return rows.map(toCart);
}

/** Lines of carts, saved ones too, in the order in which they were added. */
export async function linesOf(runner: Runner, cartIds: readonly string[]): Promise<CartLineRow[]> {
  const rows: RawLine[] = await runner.query(
    `SELECT ${LINE} FROM cart_line WHERE cart_id = ANY ($1::uuid[]) ORDER BY cart_id, id`,
    [cartIds],
  );
  return rows.map(toLine);
}

function conditionOf(key: CartKey): { condition: string; parameters: unknown[] } {
  switch (key.by) {
    case 'id':
      return {
        // Comparison with null is never true: without token and owner nothing is found.
        condition: 'id = $1 AND (token_hash = $2 OR (owner_kind = $3 AND owner_id = $4))',
        parameters: [key.id, key.tokenHash, key.owner?.ownerKind ?? null, key.owner?.ownerId ?? null],
      };
    case 'token':
      return { condition: 'token_hash = $1', parameters: [key.tokenHash] };
    case 'owner':
      return {
        // Said once more for the planner: only so it may use the index of live carts when `over` is asked for.
        condition: `owner_kind = $1 AND owner_id = $2 AND status IN ('ACTIVE', 'CLAIMED')`,
        parameters: [key.owner.ownerKind, key.owner.ownerId],
      };
  }
}

function toCart(raw: RawCart): CartRow {
  return {
    ...raw,
    subtotal: BigInt(raw.subtotal),
    discount: BigInt(raw.discount),
    shipping: raw.shipping === null ? null : BigInt(raw.shipping),
    tax: raw.tax === null ? null : BigInt(raw.tax),
    total: BigInt(raw.total),
    priceVersion: BigInt(raw.priceVersion),
  };
}

function toLine(raw: RawLine): CartLineRow {
  return {
    ...raw,
    unitPrice: BigInt(raw.unitPrice),
    discount: BigInt(raw.discount),
    total: BigInt(raw.total),
    priceVersion: BigInt(raw.priceVersion),
  };
}
