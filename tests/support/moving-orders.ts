/** Orders that go all their way, pushed on by staff whatever fails meanwhile. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Target } from '../../bench/target';

const ADDRESS = { name: 'Ada', line1: '1 Row', city: 'Portland', region: 'OR', postalCode: '97201', countryCode: 'US' };
const REGISTER = `mutation ($input: RegisterInput!) { register(input: $input) { session { accessToken } userErrors { code } } }`;
const LOGIN = `mutation ($input: LoginInput!) { login(input: $input) { session { accessToken } userErrors { code } } }`;
const PRODUCT = `mutation ($input: CreateProductInput!) { createProduct(input: $input) {
  product { variants { id } } userErrors { code } } }`;
const FILL = `mutation ($input: AddToCartInput!) { addToCart(input: $input) { cart { itemCount } userErrors { code } } }`;
const PLACE = `mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) {
  order { id lines { id } } userErrors { code } } }`;
const ORDER = `query ($id: ID!) { order(id: $id) { status lines { id } shipments { id deliveredAt } } }`;
const TIMELINE = `query ($id: ID!) { order(id: $id) { timeline { cursor } } }`;
const act = (name: string): string =>
  `mutation ($input: ${name.charAt(0).toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { userErrors { code } } }`;

interface Order {
  status: string;
  lines: { id: string }[];
  shipments: { id: string; deliveredAt: string | null }[];
}
interface Session {
  session: { accessToken: string };
}

/** Pause after what got no answer, in milliseconds. */
const PAUSE_MS = 100;

/** One buyer's orders, and staff. */
export class MovingOrders {
  private constructor(
    private readonly target: Target,
    /** Access token of the buyer. */
    readonly buyer: string,
    /** Access token of the admin. */
    readonly admin: string,
    private readonly variantId: string,
  ) {}

  /** Somebody new, an article there is plenty of, and the demonstration's admin. */
  static async begin(url: string): Promise<MovingOrders> {
    const target = new Target(url);
    const made = { email: `live-${randomUUID()}@example.com`, password: 'a long enough password' };
    const buyer = (await target.data<{ register: Session }>(REGISTER, { input: made })).register.session.accessToken;
    const known = { email: 'admin@souk.example', password: 'souk-demo-password' };
    const admin = (await target.data<{ login: Session }>(LOGIN, { input: known })).login.session.accessToken;
    const sku = `LIVE-${randomUUID()}`;
    const price = { amount: '5.00', currencyCode: 'USD' };
    const product = { name: `Live ${sku.slice(-6)}`, variants: [{ sku, name: 'Plain', price, onHand: 100_000 }] };
    const { createProduct } = await target.data<{ createProduct: { product: { variants: [{ id: string }] } } }>(
      PRODUCT,
      { input: product },
      admin,
    );
    return new MovingOrders(target, buyer, admin, createProduct.product.variants[0].id);
  }

  /** Buys so many units. */
  async place(units: number): Promise<string> {
    await this.target.send(FILL, { input: { variantId: this.variantId, quantity: units } }, this.buyer);
    const input = { shippingAddress: ADDRESS, payment: { token: 'tok_visa' }, idempotencyKey: randomUUID() };
    const { placeOrder } = await this.target.data<{ placeOrder: { order: { id: string } } }>(
      PLACE,
      { input },
      this.buyer,
    );
    return placeOrder.order.id;
  }

  /** Ships each unit in a parcel of its own and delivers them one by one: 2 × units + 1 events at least. */
  async deliver(orderId: string): Promise<void> {
    for (;;) {
      // Looked at before each step: whether one without an answer was done is seen there.
      const order = (await this.ask<{ order: Order | null }>(ORDER, { id: orderId }))?.order;
      if (order?.status === 'DELIVERED') return;
      if (order?.status === 'CONFIRMED') await this.ask(act('startProcessing'), { input: { orderId } });
      else if (order?.status === 'PROCESSING') await this.ship(orderId, order);
      else if (order?.status === 'SHIPPED') {
        const shipmentId = order.shipments.find(({ deliveredAt }) => deliveredAt === null)?.id;
        await this.ask(act('confirmDelivery'), { input: { orderId, shipmentId } });
      } else await sleep(PAUSE_MS);
    }
  }

  /** The cursors of its events, oldest first. */
  async timeline(id: string): Promise<string[]> {
    const { order } = await this.target.data<{ order: { timeline: { cursor: string }[] } }>(
      TIMELINE,
      { id },
      this.buyer,
    );
    return order.timeline.map(({ cursor }) => cursor);
  }

  end(): Promise<void> {
    return this.target.close();
  }

  private async ship(orderId: string, { lines, shipments }: Order): Promise<void> {
    const number = shipments.length + 1;
    const parcel = { carrier: 'UPS', trackingNumber: `1Z${number}`, idempotencyKey: `${orderId}-${number}` };
    const unit = lines.map(({ id: lineId }) => ({ lineId, quantity: 1 }));
    await this.ask(act('shipOrder'), { input: { orderId, ...parcel, lines: unit } });
  }

  /** The answer's data; null, after a pause, if there is none. */
  private async ask<Data>(query: string, variables: Record<string, unknown>): Promise<Data | null> {
    const data = await this.target.answer<Data>(query, variables, this.admin).catch(() => null);
    if (data === null) await sleep(PAUSE_MS);
    return data;
  }
}
