/** The people of the matrix and what is theirs; made anew for each run. */
import { randomUUID } from 'node:crypto';
import { toId, type IdPrefix } from '../../platform/ids';
import { eventually } from '../support/eventually';
import { belongings } from './belongings';
import { apiClient, logIn, person, promote, withoutSession, withScope, type Caller } from './callers';
import type { Doors } from './doors';
import { idIn, mutate, type Things, type World } from './things';

const UNKNOWN: readonly IdPrefix[] = ['user', 'addr', 'sess', 'cart', 'line', 'ord', 'ret', 'pay', 'pm', 'hook', 'api'];

/** Builds it; `webhookUrl` answers 2xx. */
export async function makeWorld(doors: Doors, webhookUrl: string): Promise<World> {
  const root = await logIn(doors, 'admin', 'admin@souk.example', 'souk-demo-password');
  const common = await stockShop(doors, root);
  const [customer, stranger, buyer, rival, support, admin] = await Promise.all([
    person(doors, 'customer', 'CUSTOMER'),
    person(doors, 'stranger', 'CUSTOMER'),
    person(doors, 'partner', 'CUSTOMER'),
    person(doors, 'rival', 'PARTNER', root),
    person(doors, 'support', 'SUPPORT', root),
    person(doors, 'admin', 'ADMIN', root),
  ]);
  const guest = withoutSession('guest');
  const [customers, guests, partners] = await Promise.all([
    belongings(doors, customer, support, common),
    belongings(doors, guest, support, common),
    belongings(doors, buyer, support, common),
    belongings(doors, stranger, support, common),
  ]);
  const partner = await promote(doors, buyer, 'PARTNER', root);
  const client = await apiClient(doors, partner);
  partners.api = client.id;
  const clients = await belongings(doors, client.caller, support, common);
  const made = await mutate(doors, partner, 'createWebhookEndpoint', { url: webhookUrl, description: 'Matrix' }, 'webhookEndpoint { id } userErrors { message }'); // prettier-ignore
  partners.hook = idIn(made, 'webhookEndpoint');
  partners.sess = toId('sess', partner.sessionId);
  await mutate(doors, partner, 'replayWebhookEvents', { id: partners.hook, after: partners.cursor }, 'webhookEndpoint { id } userErrors { message }'); // prettier-ignore
  await Promise.all([customer, partner].map((who) => untilExported(doors, who)));
  await untilDelivered(doors, partner, partners.hook, clients.ord!);
  const unknown: Things = Object.fromEntries(UNKNOWN.map((prefix) => [prefix, toId(prefix, uuid())]));
  return {
    callers: {
      ...{
        nobody: withoutSession('nobody'),
        wrong: withoutSession('wrong'),
        guest,
        customer,
        stranger,
        partner,
        rival,
      },
      ...{ support, admin, client: client.caller },
      reader: withScope('reader', client.caller, 'orders:read'),
      writer: withScope('writer', client.caller, 'orders:write'),
    },
    things: {
      customer: customers,
      guest: guests,
      partner: partners,
      client: clients,
      unknown: { ...unknown, number: 'ZZZZZZZZ' },
    },
    common,
  };
}

const uuid = (): string => `0190${randomUUID().slice(4, 14)}7${randomUUID().slice(15)}`;

/** What is collected and sent in the background is there, so that all fields have their final values. */
async function untilExported(doors: Doors, who: Caller): Promise<void> {
  await eventually(async () => {
    const { dataExports } = await doors.must(who, '{ result: me { dataExports { status } } }');
    if (!(dataExports as { status: string }[]).every(({ status }) => status === 'READY')) throw new Error('no export');
  }, 60_000);
}
async function untilDelivered(doors: Doors, partner: Caller, id: string, newest: string): Promise<void> {
  const text = 'query ($id: ID!) { result: webhookEndpoint(id: $id) { deliveries { nodes { status orderId } } } }';
  await eventually(async () => {
    const { deliveries } = await doors.must(partner, text, { id });
    const { nodes } = deliveries as { nodes: { status: string; orderId: string }[] };
    if (nodes[0]?.orderId !== newest || nodes.some(({ status }) => status !== 'DELIVERED'))
      throw new Error('not delivered');
  }, 60_000);
}

async function stockShop(doors: Doors, admin: Caller): Promise<World['common']> {
  const name = `Matrix ${randomUUID()}`;
  const category = await mutate(doors, admin, 'createCategory', { name }, 'category { id } userErrors { message }');
  const cat = idIn(category, 'category');
  const variant = { sku: name, name: 'Brass', price: { amount: '20.00', currencyCode: 'USD' }, onHand: 1_000 };
  const second = { ...variant, sku: `${name} 2`, name: 'Copper' };
  const made = await mutate(doors, admin, 'createProduct', { name, categoryId: cat, variants: [variant, second] }, 'product { id variants { id } } userErrors { message }'); // prettier-ignore
  const variants = (made['product'] as { variants: { id: string }[] }).variants;
  const promoCode = `M${randomUUID().slice(0, 18).toUpperCase()}`;
  const promotion = await mutate(doors, admin, 'createPromotion', { code: promoCode, name, kind: 'PERCENTAGE', percentage: 10 }, 'promotion { id } userErrors { message }'); // prettier-ignore
  const [first, other] = variants.map(({ id }) => id);
  return {
    cat,
    prod: idIn(made, 'product'),
    var: first!,
    other: other!,
    promo: idIn(promotion, 'promotion'),
    promoCode,
  };
}
