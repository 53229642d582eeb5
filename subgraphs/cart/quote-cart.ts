/** The price quote of checkout: claims a cart for an order and prices it afresh. */
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import type { CommandMeta } from '../../platform/commands/command';
import { Fault } from '../../platform/errors';
import { addressInput } from '../../platform/graph/validate';
import type { Services } from '../../platform/subgraph';
import { askPrices, type PriceList } from './ask-prices';
import { keyOf } from './cart-reference';
import { CartState } from './cart-state';
import { QuoteRow, type CartRow } from './cart.entity';
import { findCart, linesOf, type CartKey, type Runner } from './cart.rows';
import { quoteCart } from './messages';
import { DEFAULT_METHOD, isShippingMethod } from './pricing/shipping-table';
import { claimUses, lockPromotions } from './promotions/claim-uses';
import { findOffers } from './promotions/find-offers';
import { lostCodes, quoteOf, type SettledDelivery } from './quote.rules';
import { deliveryColumns } from './set-cart-delivery';

/** What quoteCart is asked. */
export type QuoteInput = z.output<typeof quoteCart.input>;
/** What it answers. */
export type QuoteAnswer = z.output<typeof quoteCart.output>;

/**
 * Claims the cart for the order, once: the same order again gets the answer it got. Nothing is claimed unless the outcome is
 * `quoted`. Fault SERVICE_UNAVAILABLE while the catalog is down.
 */
export async function quoteCartFor(services: Services, input: QuoteInput, meta: CommandMeta): Promise<QuoteAnswer> {
  const key = keyOf(meta.principal, { cartId: input.cartId, token: input.cartToken });
  // Again when the cart changed, or the same order claimed it, while the catalog was being asked.
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const earlier = await earlierAnswer(services.db.manager, input.orderId);
    if (earlier) return earlier;
    const cart = key && (await findCart(services.db.manager, key, { over: true }));
    if (!key || !cart || cart.status === 'MERGED') return { outcome: 'notFound' };
    if (cart.status !== 'ACTIVE' && cart.orderId !== input.orderId) return { outcome: 'claimed' };
    const terms = termsOf(services, cart, input);
    if ('outcome' in terms) return terms;
    const lines = (await linesOf(services.db.manager, [cart.id])).filter(({ saved }) => !saved);
    if (lines.length === 0) return { outcome: 'empty' };
    const variantIds = lines.map((line) => line.variantId);
    const prices = await askPrices(services, variantIds, meta);
    const answer = await services.db.transaction((tx) => claim(tx, services, key, input, prices, new Set(variantIds)));
    if (answer) return answer;
  }
  throw new Fault('CONFLICT', undefined, { retryable: true });
}

/** Null: try again. */
async function claim(
  tx: EntityManager,
  services: Services,
  key: CartKey,
  input: QuoteInput,
  prices: PriceList,
  priced: ReadonlySet<string>,
): Promise<QuoteAnswer | null> {
  const cart = await findCart(tx, key, { lock: true });
  if (cart?.status !== 'ACTIVE') return null;
  const state = await CartState.load(tx, cart);
  if (state.lines.length === 0 || state.lines.some((line) => !priced.has(line.variantId))) return null;
  const gone = state.lines.filter((line) => !prices.variants.get(line.variantId)?.purchasable);
  if (gone.length > 0) return { outcome: 'unavailable', lines: gone.map(({ sku }) => ({ sku })) };
  const terms = termsOf(services, cart, input);
  if ('outcome' in terms) return terms;
  for (const line of state.lines) state.refresh(line, prices.variants.get(line.variantId), prices.version);
  const now = services.clock.now();
  const shown = cart.promoCodes;
  await lockPromotions(tx, shown.map(({ code }) => code)); // prettier-ignore
  const offers = await findOffers(tx, [cart], now);
  // The cart keeps its own delivery: if the order is declined it is as before. New prices stay, they are the catalog's.
  state.price(offers);
  const lost = lostCodes(shown, cart.promoCodes);
  if (lost.length > 0) {
    // Written all the same: the buyer must see what it costs now, or would be refused for ever.
    await state.store(tx);
    return { outcome: 'promotionLost', codes: lost };
  }
  const expiresAt = new Date(now.getTime() + services.config.reservationMinutes * 60_000);
  const quote = quoteOf(cart, terms, state.lines, offers, expiresAt);
  const answer: QuoteAnswer = { outcome: 'quoted', quote };

  const claimed = await tx
    .createQueryBuilder()
    .insert()
    .into(QuoteRow)
    .values({
      orderId: input.orderId,
      cartId: cart.id,
      state: 'CLAIMED',
      answer: z.encode(quoteCart.output, answer),
      createdAt: now,
    })
    .orIgnore()
    .returning('order_id')
    .execute();
  // The order has been given up, or has claimed another cart, in this moment: see which.
  if (!Array.isArray(claimed.raw) || claimed.raw.length === 0) return null;
  await claimUses(tx, input.orderId, cart, quote.promoCodes.map(({ code }) => code)); // prettier-ignore
  cart.status = 'CLAIMED';
  cart.orderId = input.orderId;
  await state.store(tx);
  return answer;
}

/** The answer given to the order before; an order that was given up is refused for good. */
async function earlierAnswer(runner: Runner, orderId: string): Promise<QuoteAnswer | null> {
  const rows: Pick<QuoteRow, 'state' | 'answer'>[] = await runner.query(
    'SELECT state, answer FROM quote WHERE order_id = $1',
    [orderId],
  );
  if (!rows[0]) return null;
  return rows[0].state === 'RELEASED' ? { outcome: 'claimed' } : quoteCart.output.parse(rows[0].answer);
}

/** Where to and how: what the order says, else the cart, else the default method. */
function termsOf(
  services: Services,
  cart: CartRow,
  input: QuoteInput,
): { outcome: 'noAddress' | 'badShippingMethod' } | SettledDelivery {
  const shippingMethod = input.shippingMethod ?? cart.shippingMethod ?? DEFAULT_METHOD;
  if (!isShippingMethod(shippingMethod)) return { outcome: 'badShippingMethod' };
  if (input.sealedAddress !== null) {
    const address = services.sealer.openJson(input.sealedAddress, addressInput);
    return { ...deliveryColumns(address, input.sealedAddress), shippingMethod };
  }
  const { sealedAddress, countryCode, taxRegion } = cart;
  if (sealedAddress === null || countryCode === null) return { outcome: 'noAddress' };
  return { sealedAddress, countryCode, taxRegion, shippingMethod };
}
