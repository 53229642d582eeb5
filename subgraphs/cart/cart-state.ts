/** A locked cart in memory: loaded, changed by a use case, priced, and written back, in one transaction. */
import type { EntityManager } from 'typeorm';
import { newUuid } from '../../platform/ids';
import type { VariantSnapshot } from '../catalog/messages';
import { CartLineRow, CartRow } from './cart.entity';
import { linesOf } from './cart.rows';
import { totalsOf } from './pricing/price-lines';
import { isTooMuch } from './pricing/totals.rules';
import type { Offers } from './promotions/find-offers';

/** What a line shows of a variant, and what a unit costs. */
type Shown = Omit<VariantSnapshot, 'purchasable'>;

/** A cart and its lines; changes are collected until {@link CartState.store}. Only for a cart whose row is locked. */
export class CartState {
  private readonly dirty = new Set<CartLineRow>();
  private readonly removed: string[] = [];

  constructor(
    readonly cart: CartRow,
    /** What is in the cart and what is saved for later, in the order in which it was added. */
    readonly allLines: CartLineRow[],
  ) {}

  /** Loads the lines of a locked cart. */
  static async load(tx: EntityManager, cart: CartRow): Promise<CartState> {
    return new CartState(cart, await linesOf(tx, [cart.id]));
  }

  /** What is in the cart. */
  get lines(): CartLineRow[] {
    return this.linesThat(false);
  }

  /** Lines in the cart, or those saved for later. */
  linesThat(saved: boolean): CartLineRow[] {
    return this.allLines.filter((line) => line.saved === saved);
  }

  /** The line of a variant, in the cart or saved for later. */
  lineOf(variantId: string, saved: boolean): CartLineRow | undefined {
    return this.allLines.find((line) => line.variantId === variantId && line.saved === saved);
  }

  /** Puts a variant that is not there yet at the end. */
  add(snapshot: Shown, quantity: number, priceVersion: bigint, saved = false): void {
    const line: CartLineRow = {
      ...shown(snapshot),
      id: newUuid(),
      cartId: this.cart.id,
      variantId: snapshot.variantId,
      quantity,
      saved,
      discount: 0n,
      total: 0n,
      priceVersion,
    };
    this.allLines.push(line);
    this.dirty.add(line);
  }

  /** Gives a line another quantity. */
  setQuantity(line: CartLineRow, quantity: number): void {
    line.quantity = quantity;
    this.dirty.add(line);
  }

  /** Saves a line for later, or puts it into the cart. */
  setSaved(line: CartLineRow, saved: boolean): void {
    line.saved = saved;
    this.dirty.add(line);
  }

  /** Takes a line out. */
  remove(line: CartLineRow): void {
    this.allLines.splice(this.allLines.indexOf(line), 1);
    this.dirty.delete(line);
    this.removed.push(line.id);
  }

  /**
   * Renews what a line shows and costs, unless it has been priced by a newer version: prices asked for earlier may arrive later.
   * Without a snapshot (the catalog does not know the variant) the line keeps what it has, as of this version.
   */
  refresh(line: CartLineRow, snapshot: Shown | undefined, priceVersion: bigint): void {
    if (priceVersion <= line.priceVersion) return;
    Object.assign(line, snapshot && shown(snapshot), { priceVersion });
    this.dirty.add(line);
  }

  /** Computes the totals afresh, and what becomes of each code; false when they are beyond what a cart may come to. */
  price(offers: Offers): boolean {
    const lines = this.lines;
    const totals = totalsOf(this.cart, lines, offers);
    const priced = new Map(lines.map((line, index) => [line, totals.lines[index]]));
    for (const line of this.allLines) {
      const { discount, total } = priced.get(line) ?? { discount: 0n, total: line.unitPrice * BigInt(line.quantity) };
      if (line.discount !== discount || line.total !== total) this.dirty.add(line);
      line.discount = discount;
      line.total = total;
    }
    const { subtotal, discount, shipping, tax, total, promoCodes } = totals;
    Object.assign(this.cart, { subtotal, discount, shipping, tax, total, promoCodes });
    this.cart.lineCount = lines.length;
    this.cart.itemCount = lines.reduce((sum, line) => sum + line.quantity, 0);
    this.cart.priceVersion = lines.reduce((newest, line) => max(newest, line.priceVersion), this.cart.priceVersion);
    return !isTooMuch(totals);
  }

  /** Writes the cart and the lines that changed: three statements at most. */
  async store(tx: EntityManager): Promise<void> {
    if (this.removed.length > 0) await tx.delete(CartLineRow, this.removed);
    if (this.dirty.size > 0) await tx.upsert(CartLineRow, [...this.dirty], ['id']);
    await tx.update(CartRow, { id: this.cart.id }, changing(this.cart));
    this.removed.length = 0;
    this.dirty.clear();
  }
}

/** Columns that a change may touch; what a cart was made with stays. */
function changing(cart: CartRow) {
  const { status, orderId, mergedInto, lineCount, itemCount, subtotal, discount, shipping, tax, total } = cart;
  const { priceVersion, countryCode, taxRegion, sealedAddress, shippingMethod, promoCodes, updatedAt } = cart;
  return {
    ...{ status, orderId, mergedInto, lineCount, itemCount, subtotal, discount, shipping, tax, total },
    ...{ priceVersion, countryCode, taxRegion, sealedAddress, shippingMethod, promoCodes, updatedAt },
  };
}

function shown({ productId, sku, productName, variantName, image, unitPrice }: Shown) {
  return { productId, sku, productName, variantName, image, unitPrice };
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
