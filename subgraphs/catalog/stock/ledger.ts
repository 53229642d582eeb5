/**
 * The only place where units move. Every movement changes a level and is a row of the ledger, in one statement, so that for
 * each variant: on hand = initial + adjust + restock - sell, and reserved = reserve - release - expire - sell.
 *
 * Locks, in this order: reservation, stock levels by variant id, products by id.
 */
import type { EntityManager } from 'typeorm';

/** What a movement does to the level, for each unit. */
const EFFECTS = {
  adjust: { onHand: 1, reserved: 0 },
  reserve: { onHand: 0, reserved: 1 },
  release: { onHand: 0, reserved: -1 },
  expire: { onHand: 0, reserved: -1 },
  sell: { onHand: -1, reserved: -1 },
  restock: { onHand: 1, reserved: 0 },
} as const;
/** Kinds of movement; `initial` is made with the level. */
export type MovementKind = keyof typeof EFFECTS;

/** Movements that count as units sold, or as sold no longer. */
const SOLD: Partial<Record<MovementKind, 1 | -1>> = { sell: 1, restock: -1 };

/** Units of a variant. */
export interface StockLine {
  variantId: string;
  quantity: number;
  /** The order it is for, if any. */
  orderId?: string;
}

/** A level under lock. */
export interface LockedLevel {
  variantId: string;
  productId: string;
  sku: string;
  onHand: number;
  reserved: number;
  /** The product is no longer sold. */
  archived: boolean;
}

/** Makes the levels of new variants; what they start with is their first movement. */
export async function openLevels(tx: EntityManager, lines: readonly StockLine[], actor: string): Promise<void> {
  const columns = [lines.map((line) => line.variantId), lines.map((line) => line.quantity)];
  await tx.query(
    `INSERT INTO stock_level (variant_id, on_hand) SELECT * FROM unnest($1::uuid[], $2::integer[])`,
    columns,
  );
  await tx.query(
    `INSERT INTO stock_movement (variant_id, kind, quantity, actor)
     SELECT line.variant_id, 'initial', line.quantity, $3
     FROM unnest($1::uuid[], $2::integer[]) AS line (variant_id, quantity) WHERE line.quantity > 0`,
    [...columns, actor],
  );
}

/** Locks the levels of variants, in the order of their ids; unknown variants are absent. */
export async function lockLevels(tx: EntityManager, variantIds: readonly string[]): Promise<Map<string, LockedLevel>> {
  const rows = await tx.query<LockedLevel[]>(
    `SELECT s.variant_id AS "variantId", v.product_id AS "productId", v.sku, s.on_hand AS "onHand", s.reserved,
            p.archived_at IS NOT NULL AS archived
     FROM stock_level s JOIN variant v ON v.id = s.variant_id JOIN product p ON p.id = v.product_id
     WHERE s.variant_id = ANY($1::uuid[]) ORDER BY s.variant_id FOR UPDATE OF s`,
    [variantIds],
  );
  return new Map(rows.map((row) => [row.variantId, row]));
}

/**
 * Moves units of levels under lock, and keeps the products' availability. Whoever calls has looked at the levels and refused
 * what cannot be; a movement that would leave less than nothing fails by constraint and undoes everything.
 */
export async function moveStock(
  tx: EntityManager,
  kind: MovementKind,
  lines: readonly StockLine[],
  levels: ReadonlyMap<string, LockedLevel>,
  by: { actor: string; reason?: string },
): Promise<void> {
  const effect = EFFECTS[kind];
  const [moved] = await tx.query<{ count: number }[]>(
    `WITH line AS (
       SELECT * FROM unnest($1::uuid[], $2::integer[], $3::uuid[]) AS line (variant_id, quantity, order_id)
     ), sum AS (
       SELECT variant_id, sum(quantity)::integer AS quantity FROM line GROUP BY variant_id
     ), moved AS (
       UPDATE stock_level s SET on_hand = s.on_hand + $4 * sum.quantity, reserved = s.reserved + $5 * sum.quantity
       FROM sum WHERE s.variant_id = sum.variant_id RETURNING s.variant_id
     ), written AS (
       INSERT INTO stock_movement (variant_id, kind, quantity, order_id, reason, actor)
       SELECT line.variant_id, $6, line.quantity, line.order_id, $7, $8 FROM line JOIN moved USING (variant_id)
       RETURNING 1
     )
     SELECT count(*)::int AS count FROM written`,
    [
      lines.map((line) => line.variantId),
      lines.map((line) => line.quantity),
      lines.map((line) => line.orderId ?? null),
      effect.onHand,
      effect.reserved,
      kind,
      by.reason ?? null,
      by.actor,
    ],
  );
  if (moved?.count !== lines.length) throw new Error(`a line of a ${kind} has no stock level`);
  await keepProducts(tx, lines, levels, { available: effect.onHand - effect.reserved, sold: SOLD[kind] ?? 0 });
}

/** What a movement does to the products, for each unit: how many can be ordered, and how many are sold. */
interface ProductEffect {
  available: number;
  sold: number;
}

/**
 * Keeps what the products say of their stock. All of them are locked at once and before either update: with a lock for each
 * update, two movements of sibling variants could take the products of the one and of the other in opposite order.
 */
async function keepProducts(
  tx: EntityManager,
  lines: readonly StockLine[],
  levels: ReadonlyMap<string, LockedLevel>,
  effect: ProductEffect,
): Promise<void> {
  const crossed = crossedProducts(lines, levels, effect.available);
  const sold = effect.sold === 0 ? [] : lines.map(({ variantId }) => levels.get(variantId)?.productId ?? null);
  if (crossed.length + sold.length === 0) return;
  await tx.query('SELECT 1 FROM product WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE', [
    [...crossed, ...sold],
  ]);
  if (crossed.length > 0) await keepAvailability(tx, crossed);
  if (sold.length > 0) {
    const quantities = lines.map(({ quantity }) => effect.sold * quantity);
    await keepSold(tx, sold, quantities);
  }
}

/** Products of variants whose last unit went or whose first one came. */
function crossedProducts(
  lines: readonly StockLine[],
  levels: ReadonlyMap<string, LockedLevel>,
  sign: number,
): string[] {
  const changes = new Map<string, number>();
  for (const { variantId, quantity } of lines) {
    changes.set(variantId, (changes.get(variantId) ?? 0) + sign * quantity);
  }
  return [...changes].flatMap(([variantId, change]) => {
    const level = levels.get(variantId);
    const before = level ? level.onHand - level.reserved : 0;
    return level && before > 0 !== before + change > 0 ? [level.productId] : [];
  });
}

/** A statement of its own after the lock: only now it sees what others did to sibling variants before it got the lock. */
async function keepAvailability(tx: EntityManager, productIds: readonly string[]): Promise<void> {
  await tx.query(
    `UPDATE product p SET available = now_available FROM (
       SELECT v.product_id, bool_or(s.on_hand > s.reserved) AS now_available
       FROM variant v JOIN stock_level s ON s.variant_id = v.id WHERE v.product_id = ANY($1::uuid[]) GROUP BY v.product_id
     ) fresh WHERE p.id = fresh.product_id AND p.available <> now_available`,
    [productIds],
  );
}

/** Counts sold units on the products, for BEST_SELLING. */
async function keepSold(
  tx: EntityManager,
  productIds: readonly (string | null)[],
  quantities: readonly number[],
): Promise<void> {
  await tx.query(
    `UPDATE product p SET sold = greatest(0, p.sold + line.quantity)
     FROM (SELECT id, sum(quantity) AS quantity FROM unnest($1::uuid[], $2::integer[]) AS l (id, quantity) GROUP BY id) line
     WHERE p.id = line.id`,
    [productIds, quantities],
  );
}
