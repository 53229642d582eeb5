/** Saved cards: who keeps them, who may pay with them, and what becomes of them at the provider. */
import { randomUUID } from 'node:crypto';
import type { Principal } from '../../platform/auth/principal';
import { toId } from '../../platform/ids';
import { userErased } from '../../subgraphs/accounts/messages';
import { authorizePayment } from '../../subgraphs/payments/messages';
import { again } from '../support/again';
import { envelopeOf } from '../support/cart-shop';
import { apiClient } from '../support/principals';
import { startPaymentsOver } from '../support/stripe-payments';
import { startStripe, type StripeStandIn } from '../support/stripe-stand-in';
import type { SubgraphUnderTest } from '../support/subgraph';

let stripe: StripeStandIn;
let shop: SubgraphUnderTest;
beforeAll(async () => {
  stripe = await startStripe();
  shop = await startPaymentsOver(stripe);
});
afterAll(async () => {
  await shop.stop();
  await stripe.stop();
});

const user = (role: 'CUSTOMER' | 'SUPPORT' = 'CUSTOMER') => ({
  ...{ kind: 'user' as const, id: randomUUID(), role, sessionId: randomUUID() },
});
const uuidOf = async (last: Principal & { kind: 'user' }): Promise<string[]> =>
  (
    await shop.services.db.rows<{ id: string }>(
      'SELECT id FROM payment_method WHERE owner_id = $1 AND deleted_at IS NULL ORDER BY id DESC',
      [last.id],
    )
  ).map(({ id }) => id);

interface Method {
  id: string;
  brand: string;
}
interface Answer {
  paymentMethod: Method | null;
  userErrors: { code: string; field: string[] | null; details: unknown }[];
}
const PARTS = '{ paymentMethod { id brand last4 expiryMonth expiryYear provider } userErrors { code field details } }';
const mutate = async (name: string, input: object, principal?: Principal): Promise<Answer | string> => {
  const type = `${name[0]?.toUpperCase() ?? ''}${name.slice(1)}Input`;
  const document = `mutation ($input: ${type}!) { answer: ${name}(input: $input) ${PARTS} }`;
  const { data, errors } = await shop.run(document, { input }, principal);
  return errors ? errors.map(({ extensions }) => String(extensions['code'])).join() : (data?.['answer'] as Answer);
};
/** Once: the payload, or the code of the error. */
const saveOnce = (principal?: Principal, more: object = {}) =>
  mutate('savePaymentMethod', { token: 'pm_card_visa', ...more }, principal);
/** As a client does it: an outage is answered by the same key again. */
const save = async (principal: Principal, more: object = {}): Promise<Answer> => {
  const given = { idempotencyKey: randomUUID(), ...more };
  const answer = await again(
    () => saveOnce(principal, given),
    (got) => got !== 'SERVICE_UNAVAILABLE',
  );
  if (typeof answer === 'string') throw new Error(answer);
  return answer;
};
const removeOnce = (id: string, principal?: Principal) => mutate('deletePaymentMethod', { id }, principal);
const remove = async (id: string, principal: Principal): Promise<Answer> => {
  const answer = await removeOnce(id, principal);
  if (typeof answer === 'string') throw new Error(answer);
  return answer;
};
const MINE = '{ me { paymentMethods { id last4 } again: paymentMethods { id } } }';
const listed = async (principal: Principal): Promise<string[]> => {
  const { data } = await shop.run(MINE, {}, principal);
  const me = data?.['me'] as { paymentMethods: Method[] };
  return me.paymentMethods.map(({ id }) => id);
};
const pay = (methodId: string, ownerId: string, ownerKind: 'user' | 'guest' | 'client' = 'user') => {
  const orderId = randomUUID();
  const given = { orderId, ownerKind, ownerId, amount: 5_000n, currencyCode: 'USD', token: null, methodId };
  return again(
    () => shop.command(authorizePayment, given),
    ({ outcome }) => outcome !== 'pending',
  );
};
const audits = async (actor: string): Promise<unknown[]> =>
  (
    await shop.services.db.rows<{ payload: { action: string; target: string } }>(
      `SELECT payload FROM outbox WHERE name = 'audit.recorded' AND payload->>'actorId' = $1 ORDER BY position`,
      [actor],
    )
  ).map(({ payload: { action, target } }) => [action, target]);

test('a card is kept, shown to its owner, pays twice, and is gone when it is deleted', async () => {
  const ada = user();
  const first = (await save(ada)).paymentMethod;
  expect(first).toEqual({
    ...{ id: expect.stringMatching(/^pm_/) as string, brand: 'visa', last4: '4242', expiryMonth: 8, expiryYear: 2099 },
    provider: 'stripe',
  });
  const second = (await save(ada, { token: 'pm_card_mastercard' })).paymentMethod;
  const [ids, uuids] = [[second?.id, first?.id], await uuidOf(ada)];
  expect(await listed(ada)).toEqual(ids);

  const [, uuid = ''] = uuids;
  expect(await pay(uuid, ada.id)).toEqual({ outcome: 'authorized' });
  expect(await pay(uuid, ada.id)).toEqual({ outcome: 'authorized' });
  const { customer } = stripe.objects.intents[0] ?? {};
  expect(stripe.objects.intents.filter((intent) => intent.customer === customer)).toMatchObject([
    { status: 'requires_capture' },
    { status: 'requires_capture' },
  ]);

  expect(await remove(first?.id ?? '', ada)).toEqual({ paymentMethod: first, userErrors: [] });
  expect(await listed(ada)).toEqual([second?.id]);
  expect(await pay(uuid, ada.id)).toEqual({ outcome: 'unknownToken' });
  expect((await remove(first?.id ?? '', ada)).userErrors).toMatchObject([{ code: 'NOT_FOUND', field: ['id'] }]);
  expect(await audits(ada.id)).toEqual([
    ['savePaymentMethod', first?.id],
    ['savePaymentMethod', second?.id],
    ['deletePaymentMethod', first?.id],
  ]);
});

test('what the provider calls the card is sealed, with the card and with the payment', async () => {
  const ada = user();
  await save(ada);
  const [id = ''] = await uuidOf(ada);
  await pay(id, ada.id);
  const rows = await shop.services.db.rows<{ method: string; payment: string; kind: string }>(
    `SELECT m.sealed_reference AS method, p.sealed_token AS payment, p.source_kind AS kind
     FROM payment_method m JOIN payment p USING (owner_id) WHERE m.id = $1`,
    [id],
  );
  const opened = `${stripe.objects.intents[0]?.customer}/${stripe.objects.intents[0]?.method.id}`;
  for (const { method, payment, kind } of rows) {
    expect([shop.services.sealer.open(method), shop.services.sealer.open(payment), kind]).toEqual([
      ...[opened, opened, 'saved'],
    ]);
  }
  expect(rows).toHaveLength(1);
});

test('a stranger sees nothing, pays with nothing and deletes nothing', async () => {
  const ada = user();
  const mine = (await save(ada)).paymentMethod;
  const [uuid = ''] = await uuidOf(ada);
  const made = stripe.objects.intents.length;
  for (const stranger of [user(), user('SUPPORT')]) {
    const query = 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on User { paymentMethods { id } } } }';
    const variables = { r: [{ __typename: 'User', id: toId('user', ada.id) }] };
    expect((await shop.run(query, variables, stranger)).data).toEqual({ _entities: [{ paymentMethods: null }] });
    expect(await remove(mine?.id ?? '', stranger)).toMatchObject({
      ...{ paymentMethod: null, userErrors: [{ code: 'NOT_FOUND', field: ['id'] }] },
    });
    expect(await pay(uuid, stranger.id)).toEqual({ outcome: 'unknownToken' });
  }
  // An owner of another kind with the same uuid is somebody else.
  expect(await pay(uuid, ada.id, 'guest')).toEqual({ outcome: 'unknownToken' });
  expect(await pay(uuid, ada.id, 'client')).toEqual({ outcome: 'unknownToken' });
  expect(await pay(randomUUID(), ada.id)).toEqual({ outcome: 'unknownToken' });
  expect(stripe.objects.intents).toHaveLength(made);
  expect(await listed(ada)).toEqual([mine?.id]);
});

test.each([
  ['nobody', { kind: 'anonymous' } as const, 'UNAUTHENTICATED'],
  ['a guest', { kind: 'guest', id: randomUUID() } as const, 'UNAUTHENTICATED'],
  ['an API client', apiClient(), 'FORBIDDEN'],
])('%s keeps no cards', async (_, principal, code) => {
  const customers = stripe.objects.customers.length;
  expect(await saveOnce(principal)).toBe(code);
  expect(await removeOnce(toId('pm', randomUUID()), principal)).toBe(code);
  expect(stripe.objects.customers).toHaveLength(customers);
});

test.each([
  [{ token: '' }, ['token'], { minimum: 1 }],
  [{ token: 'x'.repeat(256) }, ['token'], { maximum: 255 }],
  [{ token: 'pm_unheardof' }, ['token'], null],
  [{ idempotencyKey: '' }, ['idempotencyKey'], { minimum: 1 }],
  [{ idempotencyKey: 'x'.repeat(256) }, ['idempotencyKey'], { maximum: 255 }],
])('%j is refused', async (input, field, details) => {
  const ada = user();
  const answer = await save(ada, input);
  expect(answer).toEqual({ paymentMethod: null, userErrors: [{ code: 'VALIDATION_ERROR', field, details }] });
  expect(await listed(ada)).toEqual([]);
});

test('an id of another kind is refused', async () => {
  expect((await remove('ord_1', user())).userErrors).toMatchObject([{ code: 'VALIDATION_ERROR', field: ['id'] }]);
});

test('the same key keeps one card, also ten times at once; another token under it is refused and not kept', async () => {
  const ada = user();
  const given = { token: 'tok_visa', idempotencyKey: randomUUID() };
  const answers = await Promise.all(Array.from({ length: 10 }, () => save(ada, given)));
  const [id] = await listed(ada);
  expect(answers.map(({ paymentMethod }) => paymentMethod?.id)).toEqual(answers.map(() => id));
  expect(await listed(ada)).toEqual([id]);
  const attached = () => stripe.objects.methods.filter(({ customer }) => customer !== null).length;
  const before = attached();
  const other = await save(ada, { ...given, token: 'pm_card_mastercard' });
  expect(other.userErrors).toMatchObject([{ code: 'DUPLICATE_REQUEST', field: ['idempotencyKey'] }]);
  expect(attached()).toBe(before);
  await remove(id ?? '', ada);
  expect((await save(ada, given)).userErrors).toMatchObject([{ code: 'NOT_FOUND', field: ['idempotencyKey'] }]);
});

test('fifteen, then ten at once: twenty are kept, the others are forgotten again', async () => {
  const ada = user();
  const attached = () => stripe.objects.methods.filter(({ customer }) => customer !== null).length;
  const before = attached();
  for (let count = 0; count < 15; count += 1) expect((await save(ada)).userErrors).toEqual([]);
  const answers = await Promise.all(Array.from({ length: 10 }, () => save(ada)));
  expect(answers.filter(({ paymentMethod }) => paymentMethod)).toHaveLength(5);
  for (const { paymentMethod, userErrors } of answers) {
    if (paymentMethod) continue;
    expect(userErrors).toEqual([{ code: 'CONFLICT', field: null, details: { maximum: 20, retryable: false } }]);
  }
  expect(await listed(ada)).toHaveLength(20);
  expect(attached()).toBe(before + 20);
  await remove((await listed(ada))[0] ?? '', ada);
  expect((await save(ada)).userErrors).toEqual([]);
});

test('while the provider is down nothing is kept, and what was deleted is forgotten later', async () => {
  const ada = user();
  stripe.fail('POST /v1/customers', 'busy');
  expect(await saveOnce(ada)).toBe('SERVICE_UNAVAILABLE');
  expect(await listed(ada)).toEqual([]);

  const kept = (await save(ada)).paymentMethod;
  const [uuid = ''] = await uuidOf(ada);
  stripe.fail('POST /v1/payment_methods/:id/detach', 'busy');
  expect((await remove(kept?.id ?? '', ada)).userErrors).toEqual([]);
  expect(await listed(ada)).toEqual([]);
  expect(await pay(uuid, ada.id)).toEqual({ outcome: 'unknownToken' });
  const rows = () => shop.services.db.rows('SELECT 1 FROM payment_method WHERE id = $1', [uuid]);
  const holder = stripe.objects.customers.at(-1)?.id;
  const attached = () => stripe.objects.methods.filter(({ customer }) => customer === holder).length;
  expect([(await rows()).length, attached()]).toEqual([1, 1]);
  await shop.services.db.rows(
    `UPDATE payment_method SET deleted_at = deleted_at - interval '10 seconds' WHERE id = $1`,
    [uuid],
  );
  await shop.started.jobs.find(({ name }) => name === 'payments.forget-cards')?.run();
  expect([(await rows()).length, attached()]).toEqual([0, 0]);
});

test('an account that is deleted leaves no card, also none that is saved with an access token of before', async () => {
  const [ada, grace] = [user(), user()];
  for (const one of [ada, grace]) await save(one);
  const others = await listed(grace);
  const erase = shop.started.consumers.find(({ queue }) => queue === 'payments.user-erased');
  await erase?.handle(envelopeOf(userErased, { userId: ada.id, clientIds: [] }));
  expect(await listed(ada)).toEqual([]);
  await save(ada);
  expect(await listed(ada)).toHaveLength(1);
  await shop.started.jobs.find(({ name }) => name === 'payments.erase')?.run();
  expect(await listed(ada)).toEqual([]);
  expect(await listed(grace)).toEqual(others);
});
