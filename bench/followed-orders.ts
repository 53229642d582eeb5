/** Orders of many users for the sockets benchmark, and events of them in bulk: what is measured is the delivery. */
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { databaseUrl } from '../platform/db/prepare';
import { fromId, toId } from '../platform/ids';
import type { RunningShop } from '../tests/support/start-shop';
import { MovingOrders } from '../tests/support/moving-orders';
import { Target } from './target';

const REGISTER = `mutation ($input: RegisterInput!) { register(input: $input) {
  session { accessToken } user { id } userErrors { code } } }`;
const PROCESS = `mutation ($input: StartProcessingInput!) { startProcessing(input: $input) { userErrors { code } } }`;
/** Users that register at once: hashing a password takes a core. */
const AT_ONCE = 4;

/** One user's order. */
export interface Followed {
  orderId: string;
  token: string;
}

/** The orders, and what moves them. */
export class FollowedOrders {
  followed: Followed[] = [];
  /** Orders nobody follows, uuids: a change of one, by the product, wakes the numbering of all that was written before. */
  private spare: string[] = [];

  private constructor(
    private readonly target: Target,
    private readonly db: Client,
    private readonly admin: string,
  ) {}

  /** Registers so many users, and gives each a copy of an order that was really placed; `spare` more for {@link write}. */
  static async begin({ url, databases }: RunningShop, users: number, spare: number): Promise<FollowedOrders> {
    const db = new Client({ connectionString: databaseUrl(databases.server, databases.namespace, 'orders') });
    await db.connect();
    const world = await MovingOrders.begin(url);
    const made = new FollowedOrders(new Target(url), db, world.admin);
    const original = fromId('ord', await world.place(1));
    await world.end();
    const owners: { id: string; token: string }[] = [];
    await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, worker) => {
        for (let number = worker; number < users; number += AT_ONCE) owners.push(await made.register());
      }),
    );
    const copies = await made.copy(
      original,
      owners.map(({ id }) => id),
    );
    made.followed = copies.map((uuid, index) => ({ orderId: toId('ord', uuid), token: owners[index]?.token ?? '' }));
    made.spare = await made.copy(
      original,
      Array.from({ length: spare }, () => randomUUID()),
    );
    return made;
  }

  /** Writes one event of each of these orders, in one transaction, and has them numbered. */
  async write(orders: readonly Followed[]): Promise<void> {
    await this.db.query(
      `WITH moved AS (UPDATE orders SET version = version + 1 WHERE id = ANY($1) RETURNING id, version, status)
       INSERT INTO order_event (order_id, sequence, type, status, occurred_at, actor_kind)
       SELECT id, version, 'SHIPMENT_CHANGED', status, clock_timestamp(), 'SYSTEM' FROM moved`,
      [orders.map(({ orderId }) => fromId('ord', orderId))],
    );
    const orderId = toId('ord', this.spare.pop() ?? '');
    await this.target.send(PROCESS, { input: { orderId } }, this.admin);
  }

  async end(): Promise<void> {
    await this.target.close();
    await this.db.end();
  }

  private async register(): Promise<{ id: string; token: string }> {
    const input = { email: `bench-${randomUUID()}@example.com`, password: 'a long enough password' };
    const { register } = await this.target.data<{
      register: { session: { accessToken: string }; user: { id: string } };
    }>(REGISTER, { input });
    return { id: fromId('user', register.user.id) ?? '', token: register.session.accessToken };
  }

  /** Copies of an order, one for each owner in this order, each with one event. */
  private async copy(original: string | null, owners: readonly string[]): Promise<string[]> {
    const ids = owners.map(() => randomUUID());
    await this.db.query(
      `INSERT INTO orders SELECT (jsonb_populate_record(o, jsonb_build_object('id', copy.id, 'owner_id', copy.owner,
         'number', 'B' || left(copy.id::text, 13), 'version', 1))).*
       FROM orders o, unnest($2::uuid[], $3::uuid[]) AS copy (id, owner) WHERE o.id = $1`,
      [original, ids, owners],
    );
    await this.db.query(
      `INSERT INTO order_event (order_id, sequence, type, status, occurred_at, actor_kind)
       SELECT id, 1, 'STATUS_CHANGED', 'CONFIRMED', now(), 'SYSTEM' FROM unnest($1::uuid[]) AS id`,
      [ids],
    );
    return ids;
  }
}
