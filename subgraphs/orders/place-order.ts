/** Placing an order: the attempt is written down first, then carried out inside the request as far as its time goes. */
import { hashSecretToken } from '../../platform/auth/secret-token';
import type { Principal } from '../../platform/auth/principal';
import { claimKey, objectOf, workingOnIt, type Claim, type IdempotencyKey } from '../../platform/db/idempotency';
import { Fault } from '../../platform/errors';
import { newUuid } from '../../platform/ids';
import { abandon, PLACE_ORDER, type CartQuestion, type CheckoutRun } from './checkout/checkout-run';
import { beginCheckout, LeaseLost } from './checkout/checkout-store';
import type { Checkout, Draft } from './checkout/checkout.entity';
import { isOwed } from './checkout/checkout.rules';
import { letGo, runCheckout } from './checkout/run-checkout';
import { unattended } from './checkout/sweep-checkouts';
import { actorOf } from './order-access';
import type { PlaceOrderInput } from './order.inputs';
import { assertMayBuy, readInput, type PlaceOrderRequest } from './place-order.input';
import type { OrdersServices } from './services';

/**
 * How long a client waits for its order at most, in milliseconds: then it is PENDING, or there is none. Far more than it takes,
 * since a rush must not end in refusals, and less than the gateway waits for us (10,000).
 */
const CHECKOUT_MS = 7_000;
/** How long it waits for the provider: then the order is PENDING. */
const AUTHORIZE_MS = 2_000;
/** How much longer the client waits until a failed attempt is undone. */
const UNDO_MS = 1_000;
/** How long the same key waits for the first request, and after how long it looks first; then twice as long each time. */
const DUPLICATE_MS = 3_000;
const LOOK_MS = 50;

/**
 * Gives the order's uuid. Throws UserFault for what the buyer can mend (nothing happened then), Fault FORBIDDEN for who may
 * not buy, SERVICE_UNAVAILABLE when cart or catalog are down: everything is undone and the same key may be sent again.
 */
export async function placeOrder(
  services: OrdersServices,
  principal: Principal,
  input: PlaceOrderInput,
  requestId: string,
): Promise<string> {
  assertMayBuy(principal);
  const started = Date.now();
  const given = readInput(services.config, principal, input);
  const key = {
    actor: ownerOfKey(principal, given.cartToken),
    mutation: PLACE_ORDER,
    key: given.idempotencyKey,
    input: given,
  };
  const begun = await begin(services, key, { principal, requestId, draft: draftOf(services, given) });
  if ('outcome' in begun) return objectOf(begun.outcome);
  const { shippingAddress, cartId, cartToken, shippingMethod, expectedTotal } = given;
  const sealedAddress = shippingAddress && services.sealer.sealJson(shippingAddress);
  const question = { principal, cartId, cartToken, sealedAddress, shippingMethod, expectedTotal };
  return carryOut(services, begun, question, started);
}

/** A guest's keys belong to the cart; its token is a secret, so its hash stands for it. */
function ownerOfKey(principal: Principal, cartToken: string | null): string {
  if (principal.kind === 'user' || principal.kind === 'client') return `${principal.kind}:${principal.id}`;
  return `guest:${hashSecretToken(cartToken ?? '')}`;
}

function draftOf({ sealer }: OrdersServices, given: PlaceOrderRequest): Draft {
  const { email, note, payment, billingAddress } = given;
  return {
    email,
    note,
    paymentToken: payment.token,
    paymentMethodId: payment.methodId,
    billingAddress: billingAddress && sealer.sealJson(billingAddress),
  };
}

/** A new checkout; or, when the key was used before, its outcome, waiting a little if it is being worked on. */
async function begin(
  { db, clock }: OrdersServices,
  key: IdempotencyKey,
  { principal, requestId, draft }: { principal: Principal; requestId: string; draft: Draft },
): Promise<Checkout | Extract<Claim, { state: 'done' }>> {
  const { kind: buyerKind, id: buyerId } = actorOf(principal);
  const partnerId = principal.kind === 'client' ? principal.ownerId : null;
  const given = {
    actor: key.actor,
    key: key.key,
    requestId,
    buyerKind,
    buyerId,
    partnerId,
    draft: JSON.stringify(draft),
  };
  const until = Date.now() + DUPLICATE_MS;
  for (let lookMs = LOOK_MS; ; lookMs = Math.min(lookMs * 2, 10 * LOOK_MS)) {
    const begun = await db.transaction(async (tx) => {
      const claim = await claimKey(tx, key);
      return claim.state === 'new' ? beginCheckout(tx, { orderId: newUuid(), ...given }, clock.now()) : claim;
    });
    if (!('state' in begun) || begun.state === 'done') return begun;
    if (Date.now() >= until) throw workingOnIt();
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

async function carryOut(
  services: OrdersServices,
  checkout: Checkout,
  question: CartQuestion,
  started: number,
): Promise<string> {
  const run: CheckoutRun = {
    ...unattended(services, checkout, 0),
    ...{ until: started + CHECKOUT_MS, authorizeMs: AUTHORIZE_MS, question },
  };
  await runCheckout(run);
  if (!run.outcome && !run.failure) await giveUp(run);
  else await letGo(run);
  if (run.outcome) return objectOf(run.outcome);
  throw run.failure ?? new Fault('SERVICE_UNAVAILABLE');
}

/** Time is over or somebody is down before the money was asked for: nobody was promised anything, so it is undone. */
async function giveUp(run: CheckoutRun): Promise<void> {
  const { services } = run;
  try {
    if (!isOwed(run.checkout)) await abandon(run, new Fault('SERVICE_UNAVAILABLE'));
    const back = unattended(services, run.checkout, UNDO_MS);
    if (run.checkout.direction === 'back') await runCheckout(back);
    await letGo(back);
  } catch (error) {
    if (!(error instanceof LeaseLost)) throw error;
  }
}
