/** What a partner does with keys and secrets, and a program of theirs with its tokens. */
import { randomUUID } from 'node:crypto';
import { apiClient, withoutSession, type Caller, type Person } from './callers';
import type { Json } from './doors';
import { idIn, mutate } from './things';
import { TOLD, type Trip } from './trip';

/** Keys, tokens, an order of the program's, and webhooks that arrive, fail, and lead nowhere. */
export async function partnersWay(
  trip: Trip,
  { partner, webhookUrl, order }: { partner: Person; webhookUrl: string; order: { variantId: string; shippingAddress: Json } }, // prettier-ignore
): Promise<void> {
  const { canaries, doors } = trip;
  const client = await apiClient(doors, partner, canaries.make('client name'));
  const key = secret('API key', client.key);
  canaries.keep('API token', client.caller.bearer);
  const rotated = await mutate(doors, partner, 'rotateApiClientKey', { id: client.id }, 'key');
  const fresh = secret('API key', rotated['key']);
  await trip.failed(partner, 'rotateApiClientKey', { id: fresh });
  await tokens();
  await buy(client.caller);
  await trip.wrong(client.caller, '{ me { email } }');
  await webhooks();
  await mutate(doors, partner, 'revokeApiClient', { id: client.id }, TOLD);
  await token({ grant_type: 'client_credentials', client_id: client.id, client_secret: fresh });

  /** Also without the word in front, by which it is only known what it is. */
  function secret(kind: string, value: unknown): string {
    const whole = canaries.keep(kind, value);
    canaries.keep(kind, whole.replace(/^(souk_live|whsec)_/, ''));
    return whole;
  }

  async function tokens(): Promise<void> {
    const form = { grant_type: 'client_credentials', client_id: client.id, client_secret: fresh };
    const issued = await fetch(`${doors.shop.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) });
    canaries.keep('API token', ((await issued.json()) as Json)['access_token']);
    await token({ ...form, client_secret: canaries.make('wrong key', 'souk_live_') });
    await token({ ...form, client_secret: canaries.make('long key').repeat(20) });
    await token({ ...form, grant_type: canaries.make('grant') });
    await token({ ...form, scope: canaries.make('scope') });
    await token({ grant_type: 'client_credentials' }, `Basic ${Buffer.from(`${client.id}:${canaries.make('wrong key')}`).toString('base64')}`); // prettier-ignore
    // In both places, and one's own key where the other's id belongs.
    await token(form, `Basic ${Buffer.from(`${client.id}:${key}`).toString('base64')}`);
    await token({ grant_type: 'client_credentials' }, `Basic ${Buffer.from(`${key}:${client.id}`).toString('base64')}`);
    await token({ grant_type: 'client_credentials' }, `Bearer ${fresh}`);
  }

  function token(form: Record<string, string>, authorization?: string): Promise<void> {
    const headers = authorization === undefined ? undefined : { authorization };
    return trip.refused('/oauth/token', { method: 'POST', headers, body: new URLSearchParams(form) });
  }

  /** For one of its buyers, whose cart is a guest's. */
  async function buy(program: Caller): Promise<void> {
    const made = await mutate(doors, withoutSession('nobody'), 'createCart', {}, 'cart { token }');
    const cartToken = canaries.keep('cart token', (made['cart'] as Json)['token']);
    const { variantId, shippingAddress } = order;
    await mutate(doors, program, 'addToCart', { variantId, token: cartToken }, TOLD);
    const rest = { cartToken, shippingAddress, email: canaries.make('buyer e-mail', '', '@canary.example') };
    const place = (card: string): Json => ({ ...rest, payment: { token: card }, idempotencyKey: randomUUID() });
    await trip.failed(program, 'placeOrder', place('tok_declined'));
    await mutate(doors, program, 'placeOrder', place('tok_visa'), 'order { id }');
  }

  async function webhooks(): Promise<void> {
    const shown = 'secret webhookEndpoint { id }';
    const description = canaries.make('description');
    const url = `${webhookUrl}&and=${canaries.make('webhook URL')}`;
    const hook = await mutate(doors, partner, 'createWebhookEndpoint', { url, description }, shown);
    secret('webhook secret', hook['secret']);
    const id = idIn(hook, 'webhookEndpoint');
    const next = await mutate(doors, partner, 'rotateWebhookSecret', { id }, shown);
    secret('webhook secret', next['secret']);
    // Nobody listens there.
    const nowhere = await mutate(doors, partner, 'createWebhookEndpoint', { url: `http://127.0.0.1:1/${canaries.make('webhook URL')}` }, shown); // prettier-ignore
    await trip.failed(partner, 'createWebhookEndpoint', { url: `ftp://${canaries.make('webhook URL')}:${canaries.make('password')}@127.0.0.1/` }); // prettier-ignore
    // A place before everything: both are told of all orders there are.
    const all = await doors.must(partner, '{ result: orders(first: 50) { nodes { timeline { cursor } } } }');
    const after = (all['nodes'] as { timeline: { cursor: string }[] }[]).at(-1)!.timeline[0]!.cursor;
    for (const hooked of [id, idIn(nowhere, 'webhookEndpoint')])
      await mutate(doors, partner, 'replayWebhookEvents', { id: hooked, after }, TOLD);
  }
}
