/** What is somebody's: an order that has gone all its way, a cart, and what an account keeps. */
import { randomUUID } from 'node:crypto';
import { toId } from '../../platform/ids';
import { logIn, PASSWORD, type Caller, type Person } from './callers';
import type { Doors } from './doors';
import { ADDRESS, idIn, mutate, type Things, type World } from './things';

/** An order that was delivered, is partly refunded and is to come back, a full cart, and what an account has. */
export async function belongings(
  doors: Doors,
  owner: Caller | Person,
  staff: Caller,
  common: World['common'],
): Promise<Things> {
  const things: Things = {};
  const guest = !owner.bearer;
  await fill(doors, owner, common, things);
  const reply = 'order { id number token lines { id } timeline { cursor } } userErrors { message }';
  const input = {
    shippingAddress: ADDRESS,
    billingAddress: ADDRESS,
    note: 'Ring twice',
    payment: { token: 'tok_visa' },
  };
  const buyer = guest ? { email: `guest-${randomUUID()}@matrix.example`, cartToken: things.cartToken } : {};
  const placed = await mutate(doors, owner, 'placeOrder', { ...input, ...buyer, idempotencyKey: randomUUID() }, reply);
  const orderId = idIn(placed, 'order');
  const order = placed['order'] as { number: string; token: string | null; timeline: { cursor: string }[] };
  Object.assign(things, { ord: orderId, number: order.number, cursor: order.timeline[0]?.cursor });
  if (order.token) things.token = order.token;
  const key = (): { idempotencyKey: string } => ({ idempotencyKey: randomUUID() });
  const changed = 'order { id } userErrors { message }';
  await mutate(doors, staff, 'startProcessing', { orderId }, changed);
  await mutate(doors, staff, 'shipOrder', { orderId, carrier: 'UPS', trackingNumber: '1Z1', ...key() }, changed);
  await mutate(doors, staff, 'confirmDelivery', { orderId }, changed);
  const amount = { amount: '1.00', currencyCode: 'USD' };
  await mutate(doors, staff, 'createRefund', { orderId, amount, reason: 'Scratched', ...key() }, 'refund { id }');
  const back = await mutate(doors, owner, 'requestReturn', { orderId, token: order.token, reason: 'Too big', ...key() }, 'return { id } userErrors { message }'); // prettier-ignore
  things.ret = idIn(back, 'return');
  const money = await doors.must(staff, 'query ($id: ID!) { result: order(id: $id) { payments { id } } }', {
    id: orderId,
  });
  things.pay = (money['payments'] as { id: string }[])[0]!.id;
  await fill(doors, owner, common, things);
  if ('userId' in owner) await keep(doors, owner, things);
  return things;
}

/** A cart with two lines and a saved one, an address and a promotion. */
async function fill(doors: Doors, owner: Caller, common: World['common'], things: Things): Promise<void> {
  const reply = 'cart { id token lines { id } } userErrors { message }';
  const added = await mutate(doors, owner, 'addToCart', { variantId: common.var, quantity: 3 }, reply);
  type CartData = { id: string; token: string | null; lines: { id: string }[] };
  const cart = added['cart'] as CartData;
  Object.assign(things, { cart: cart.id, line: cart.lines[0]!.id, ...(cart.token && { cartToken: cart.token }) });
  const which = { cartId: cart.id, token: cart.token };
  const other = { ...which, variantId: common.other, quantity: 1 };
  const full = (await mutate(doors, owner, 'addToCart', other, reply))['cart'] as CartData;
  await mutate(doors, owner, 'saveForLater', { ...which, lineId: full.lines[1]!.id }, reply);
  await mutate(doors, owner, 'addToCart', other, reply);
  await mutate(doors, owner, 'setCartDelivery', { ...which, address: ADDRESS, shippingMethod: 'EXPRESS' }, reply);
  await mutate(doors, owner, 'applyPromoCode', { ...which, code: common.promoCode }, reply);
}

/** What an account keeps: address, card, a second session, an export. */
async function keep(doors: Doors, owner: Person, things: Things): Promise<void> {
  const address = await mutate(doors, owner, 'createAddress', { address: ADDRESS }, 'address { id }');
  const card = await mutate(doors, owner, 'savePaymentMethod', { token: 'tok_visa' }, 'paymentMethod { id }');
  await doors.must(owner, 'mutation { result: requestDataExport { dataExport { id } } }');
  const second = await logIn(doors, owner.name, owner.email, PASSWORD);
  Object.assign(things, {
    ...{ user: owner.userId, addr: idIn(address, 'address'), pm: idIn(card, 'paymentMethod') },
    sess: toId('sess', second.sessionId),
  });
}
