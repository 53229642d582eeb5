/** Everything that people do with what must stay secret, done right and done wrong. */
import { createHash, randomUUID } from 'node:crypto';
import type { Canaries } from './canaries';
import { logIn, promote, withoutSession, type Caller, type Person } from './callers';
import type { Doors, Json } from './doors';
import { partnersWay } from './journey-partner';
import { idIn, mutate } from './things';
import { TOLD, Trip } from './trip';

/**
 * Walks through the shop; gives what is to be found nowhere, and all errors that were answered. `refusing`: does the work while the
 * databases refuse what it writes.
 */
export async function journey(
  doors: Doors,
  webhookUrl: string,
  refusing: (work: () => Promise<void>) => Promise<void>,
): Promise<{ canaries: Canaries; errors: string[] }> {
  const trip = new Trip(doors);
  const { canaries } = trip;
  const nobody = withoutSession('nobody');
  const [email, password] = [canaries.make('e-mail', '', '@canary.example'), canaries.make('password')];
  const names = { firstName: canaries.make('first name'), lastName: canaries.make('last name') };
  const address = {
    ...{ name: canaries.make('name'), line1: canaries.make('line 1'), line2: canaries.make('line 2') },
    ...{ city: canaries.make('city', '"', '\\ é'), region: 'CA', postalCode: canaries.make('postal code') },
    ...{ countryCode: 'US', phone: canaries.phone() },
  };
  canaries.keep('card token', 'tok_visa');
  canaries.keep('declined card', 'tok_declined');
  const admin = await logIn(doors, 'admin', 'admin@souk.example', 'souk-demo-password');

  const session = 'session { refreshToken accessToken }';
  const register = `mutation ($input: RegisterInput!) { result: register(input: $input) { ${session} ${TOLD} } }`;
  const made = (await doors.must(nobody, register, { input: { email, password, ...names } }))['session'] as Json;
  const refreshToken = canaries.keep('refresh token', made['refreshToken']);
  canaries.keep('access token', made['accessToken']);
  await trip.wrong(nobody, register, { input: { email, password, ...names } });
  await trip.wrong(nobody, register, { input: { email: canaries.make('no e-mail'), password } });
  await trip.wrong(nobody, register, { input: { email, password, [canaries.make('unknown field')]: password } });
  const customer = await logIn(doors, 'customer', email, password);
  canaries.keep('access token', customer.bearer);
  await textsAndSessions();
  const newEmail = await addresses();
  const variant = await doors.must(nobody, '{ result: products(first: 1) { nodes { variants { id } } } }');
  const variantId = (variant['nodes'] as { variants: { id: string }[] }[])[0]!.variants[0]!.id;
  await orders();

  const partner = await promote(doors, { ...customer, email: newEmail }, 'PARTNER', admin, password);
  await partnersWay(trip, { partner, webhookUrl, order: { variantId, shippingAddress: address } });
  await doors.must(partner, 'mutation { result: requestDataExport { dataExport { id } } }');
  await refusing(lost);
  await passwords();
  await suspended();
  return { canaries, errors: trip.errors };

  /** What is written into documents and headers, and refused in whatever way. */
  async function textsAndSessions(): Promise<void> {
    const input = { email, password: canaries.make('wrong password') };
    await trip.failed(nobody, 'login', input);
    await trip.wrong({ ...nobody, bearer: canaries.make('bad bearer') }, '{ me { id } }');
    await trip.wrong(nobody, `{ me { id } ${canaries.make('document')} "`);
    await trip.wrong(nobody, 'query ($id: Int!) { product(id: $id) { id } }', { id: canaries.make('variable') });
    await trip.wrong(nobody, `{ product(id: "${canaries.make('literal')}", first: "${canaries.make('literal')}") { id } }`); // prettier-ignore
    // A text with the secrets in it, which is remembered by its hash.
    const query = `mutation { result: login(input: { email: "${email}", password: "${password}" }) { ${session} } }`;
    const persistedQuery = { version: 1, sha256Hash: createHash('sha256').update(query).digest('hex') };
    const json = { 'content-type': 'application/json' };
    for (const extensions of [{ persistedQuery }, undefined]) {
      const response = await fetch(`${doors.shop.url}/graphql`, { method: 'POST', headers: json, body: JSON.stringify({ query, extensions }) }); // prettier-ignore
      const { data } = (await response.json()) as { data: { result: { session: Json } } };
      canaries.keep('access token', data.result.session['accessToken']);
      canaries.keep('refresh token', data.result.session['refreshToken']);
    }
    const post = (body: unknown, headers: Record<string, string> = json): Promise<void> =>
      trip.refused('/graphql', { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) }); // prettier-ignore
    await post(`{"query": "${canaries.make('body')}`);
    await post([{ query: canaries.make('batch') }]);
    await post(canaries.make('form'), { 'content-type': 'text/plain' });
    await trip.refused(`/graphql?query=${encodeURIComponent(query)}`, { headers: { ...json, authorization: canaries.make('scheme') } }); // prettier-ignore
    await trip.refused(`/${canaries.make('path')}?token=${canaries.make('parameter')}`);
    await trip.refused('/webhooks/payments/sandbox', { method: 'POST', headers: { ...json, 'souk-signature': canaries.make('signature') }, body: JSON.stringify({ token: canaries.make('news') }) }); // prettier-ignore
    await trip.closed({ authorization: `Bearer ${canaries.make('bad bearer')}` });

    const refresh = (token: string): Json => ({ input: { refreshToken: token } });
    const again = `mutation ($input: RefreshSessionInput!) { result: refreshSession(input: $input) { ${session} ${TOLD} } }`;
    await trip.wrong(nobody, again, refresh(canaries.make('bad refresh token')));
    const next = (await doors.must(nobody, again, refresh(refreshToken)))['session'] as Json;
    canaries.keep('access token', next['accessToken']);
    canaries.keep('refresh token', next['refreshToken']);

    const authorization = `Bearer ${customer.bearer}`;
    const ticketed = await fetch(`${doors.shop.url}/graphql/ticket`, { method: 'POST', headers: { authorization } });
    const ticket = canaries.keep('ticket', ((await ticketed.json()) as Json)['ticket']);
    const stream = (good: string): Promise<Response> => {
      const asked = new URLSearchParams({ query: 'subscription { myOrdersUpdated { kind } }', ticket: good });
      return fetch(`${doors.shop.url}/graphql?${asked.toString()}`, { headers: { accept: 'text/event-stream' } });
    };
    await (await stream(ticket)).body?.cancel();
    trip.errors.push(await (await stream(canaries.make('bad ticket'))).text());
  }

  /** Addresses to send parcels and mails to, and a card; gives the address that counts from then on. */
  async function addresses(): Promise<string> {
    const kept = await mutate(doors, customer, 'createAddress', { address }, 'address { id }');
    const moved = { ...address, line1: canaries.make('line 1') };
    await mutate(doors, customer, 'updateAddress', { addressId: idIn(kept, 'address'), address: moved }, TOLD);
    await trip.failed(customer, 'createAddress', { address: { ...address, countryCode: canaries.make('country') } });
    await mutate(doors, customer, 'updateProfile', { firstName: canaries.make('first name') }, TOLD);
    await mutate(doors, customer, 'savePaymentMethod', { token: 'tok_visa' }, 'paymentMethod { id }');
    await trip.failed(customer, 'savePaymentMethod', { token: canaries.make('card token', 'tok_') });

    await trip.failed(nobody, 'verifyEmail', { token: canaries.make('bad verification token') });
    const verification = await trip.mailedToken(email, 'Confirm your e-mail address');
    await mutate(doors, nobody, 'verifyEmail', { token: canaries.keep('verification token', verification) }, TOLD);
    const wanted = { email: canaries.make('new e-mail', '', '@canary.example'), password };
    await trip.failed(customer, 'changeEmail', { ...wanted, password: canaries.make('not mine') });
    await mutate(doors, customer, 'changeEmail', wanted, TOLD);
    const change = await trip.mailedToken(wanted.email, 'Confirm your new e-mail address');
    await mutate(doors, nobody, 'verifyEmail', { token: canaries.keep('verification token', change) }, TOLD);
    await doors.must(admin, 'query ($of: String) { result: users(query: $of) { nodes { email } } }', { of: wanted.email }); // prettier-ignore
    return wanted.email;
  }

  async function orders(): Promise<void> {
    const own = { shippingAddress: address, billingAddress: address, note: canaries.make('note') };
    await cancel(customer, await buy(customer, own, {}));
    for (const decide of ['acceptReturn', 'rejectReturn']) {
      const { id: orderId } = await buy(customer, own, {});
      const key = (): Json => ({ idempotencyKey: randomUUID() });
      await mutate(doors, admin, 'startProcessing', { orderId }, TOLD);
      await mutate(doors, admin, 'shipOrder', { orderId, carrier: 'UPS', trackingNumber: '1Z1', ...key() }, TOLD);
      await mutate(doors, admin, 'confirmDelivery', { orderId }, TOLD);
      const back = await mutate(doors, customer, 'requestReturn', { orderId, reason: canaries.make('reason'), ...key() }, `return { id } ${TOLD}`); // prettier-ignore
      const why = decide === 'rejectReturn' ? { reason: canaries.make('reason') } : key();
      await mutate(doors, admin, decide, { returnId: idIn(back, 'return'), ...why }, TOLD);
      await mutate(doors, admin, 'createRefund', { orderId, reason: canaries.make('reason'), ...key() }, TOLD);
    }
    const guests = await buy(nobody, own, { email: canaries.make('guest e-mail', '', '@canary.example') });
    await trip.failed(nobody, 'cancelOrder', { orderId: guests.token, idempotencyKey: canaries.make('key') });
    await trip.failed(nobody, 'cancelOrder', { orderId: guests.id, token: canaries.make('bad order token'), idempotencyKey: randomUUID() }); // prettier-ignore
    await cancel(nobody, guests);
    await trip.failed(customer, 'mergeCart', { token: canaries.make('bad cart token') });
  }

  /** Orders, declined first. */
  async function buy(caller: Caller, input: Json, guest: Json): Promise<{ id: string; token: string | null }> {
    const added = await mutate(doors, caller, 'addToCart', { variantId }, 'cart { id token }');
    const cart = added['cart'] as { id: string; token: string | null };
    if (cart.token) canaries.keep('cart token', cart.token);
    await mutate(doors, caller, 'setCartDelivery', { cartId: cart.id, token: cart.token, address }, TOLD);
    const order = { ...input, ...guest, cartToken: cart.token };
    const place = (token: string): Json => ({ ...order, payment: { token }, idempotencyKey: randomUUID() });
    await trip.failed(caller, 'placeOrder', place('tok_declined'));
    await trip.failed(caller, 'placeOrder', place(canaries.make('bad card', 'tok_')));
    const placed = await mutate(doors, caller, 'placeOrder', place('tok_visa'), `order { id token } ${TOLD}`);
    const { id, token } = placed['order'] as { id: string; token: string | null };
    if (token) canaries.keep('order token', token);
    return { id, token };
  }

  async function cancel(caller: Caller, { id, token }: { id: string; token: string | null }): Promise<void> {
    const reason = canaries.make('reason');
    await mutate(doors, caller, 'cancelOrder', { orderId: id, token, reason, idempotencyKey: randomUUID() }, TOLD);
  }

  /** What cannot be written. */
  async function lost(): Promise<void> {
    const who = { email: canaries.make('e-mail', '', '@canary.example'), password: canaries.make('password') };
    await trip.failed(nobody, 'register', { ...who, firstName: canaries.make('first name') });
    await trip.failed(partner, 'createAddress', { address });
    await trip.failed(partner, 'createApiClient', { name: canaries.make('client name') });
    await trip.failed(partner, 'createWebhookEndpoint', { url: `${webhookUrl}&and=${canaries.make('webhook URL')}` });
    await trip.failed(partner, 'savePaymentMethod', { token: 'tok_visa' });
    await trip.failed(partner, 'setCartDelivery', { address });
  }

  async function passwords(): Promise<void> {
    await mutate(doors, nobody, 'requestPasswordReset', { email: newEmail }, 'requested');
    await mutate(doors, nobody, 'requestPasswordReset', { email: canaries.make('stranger', '', '@canary.example') }, 'requested'); // prettier-ignore
    const reset = canaries.keep('reset token', await trip.mailedToken(newEmail, 'Choose a new password'));
    const fresh = canaries.make('new password');
    await trip.failed(nobody, 'resetPassword', { token: canaries.make('bad reset token'), password: fresh });
    await mutate(doors, nobody, 'resetPassword', { token: reset, password: fresh }, TOLD);
    const again = await logIn(doors, 'partner', newEmail, fresh);
    await trip.failed(again, 'changePassword', { currentPassword: canaries.make('not mine'), newPassword: fresh });
    await trip.failed(again, 'deleteAccount', { password: canaries.make('not mine either') });
    await mutate(doors, again, 'changePassword', { currentPassword: fresh, newPassword: canaries.make('new password') }, TOLD); // prettier-ignore
  }

  /** Somebody who is shut out, let in, and goes. */
  async function suspended(): Promise<void> {
    const who = { email: canaries.make('e-mail', '', '@canary.example'), password: canaries.make('password') };
    await doors.must(nobody, register, { input: who });
    const { userId }: Person = await logIn(doors, 'customer', who.email, who.password);
    await mutate(doors, admin, 'suspendUser', { userId, reason: canaries.make('reason') }, TOLD);
    await trip.failed(nobody, 'login', who);
    await mutate(doors, admin, 'suspendUser', { userId, suspended: false }, TOLD);
    const back = await logIn(doors, 'customer', who.email, who.password);
    await mutate(doors, back, 'deleteAccount', { password: who.password }, TOLD);
  }
}
