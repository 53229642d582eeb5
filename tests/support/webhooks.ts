/** Partners' webhooks in tests of the orders subgraph: requests, and the job until nothing is left. */
import type { Principal } from '../../platform/auth/principal';
import { withEventLog } from '../../subgraphs/orders/services';
import { sendWebhooks } from '../../subgraphs/orders/webhooks/send-webhooks';
import type { OrdersShop } from './orders-shop';

const ENDPOINT = 'webhookEndpoint { id url types description status cursor failingSince }';
const ERRORS = 'userErrors { code field details }';
const mutation = (name: string, fields = ENDPOINT): string => {
  const input = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input!`;
  return `mutation ($input: ${input}) { answer: ${name}(input: $input) { ${fields} ${ERRORS} } }`;
};

const MUTATIONS = {
  create: mutation('createWebhookEndpoint', `${ENDPOINT} secret`),
  update: mutation('updateWebhookEndpoint'),
  rotate: mutation('rotateWebhookSecret', `${ENDPOINT} secret`),
  remove: mutation('deleteWebhookEndpoint'),
  replay: mutation('replayWebhookEvents'),
} as const;

/** An endpoint as the mutations show it. */
export interface ShownEndpoint {
  id: string;
  url: string;
  types: string[];
  description: string | null;
  status: string;
  cursor: string;
  failingSince: string | null;
}

/** A mutation's payload; `error` is the code of the GraphQL error when it failed as a whole. */
export interface WebhookAnswer {
  webhookEndpoint: ShownEndpoint | null;
  secret?: string | null;
  userErrors: { code: string; field: string[] | null; details: Record<string, unknown> | null }[];
  error?: string;
}

/** A delivery as the log of an endpoint shows it. */
export interface ShownDelivery {
  id: string;
  messageId: string;
  eventCursor: string;
  eventType: string;
  orderId: string;
  orderStatus: string;
  status: string;
  attempts: number;
  responseStatus: number | null;
  error: string | null;
  nextAttemptAt: string | null;
  deliveredAt: string | null;
}

/** Requests about webhooks, and two workers that send them. */
export function webhooksOf(shop: OrdersShop) {
  const { db } = shop.services;
  const workers = [withEventLog(shop.services), withEventLog(shop.services)];
  const run = async (): Promise<void> => {
    await shop.job('orders.number-events');
    await Promise.all(workers.map(sendWebhooks));
  };
  const hurry = (): Promise<unknown> =>
    db.rows(`UPDATE webhook_delivery SET due_at = now() - interval '1 s' WHERE status = 'PENDING' AND lease IS NULL`);
  return {
    run,
    /** Makes whatever waits for its next attempt due. */
    hurry,
    async mutate(
      name: keyof typeof MUTATIONS,
      input: Record<string, unknown>,
      principal?: Principal,
    ): Promise<WebhookAnswer> {
      const { data, errors } = await shop.run(MUTATIONS[name], { input }, principal);
      const answer = data?.['answer'] as WebhookAnswer | null | undefined;
      return answer ?? { webhookEndpoint: null, userErrors: [], error: String(errors?.[0]?.extensions['code']) };
    },
    /** A new endpoint with its secret; fails the test if there is none. */
    async endpoint(url: string, principal: Principal, more: Record<string, unknown> = {}) {
      const { webhookEndpoint, secret, ...refused } = await this.mutate('create', { url, ...more }, principal);
      if (!webhookEndpoint || !secret) throw new Error(`no endpoint: ${JSON.stringify(refused)}`);
      return { ...webhookEndpoint, secret };
    },
    /** The endpoint as it is now with its newest 100 deliveries; null: none to see. */
    async look(id: string, principal: Principal): Promise<(ShownEndpoint & { deliveries: ShownDelivery[] }) | null> {
      const { data } = await shop.run(
        `query ($id: ID!) { webhookEndpoint(id: $id) { id url types description status cursor failingSince
           deliveries(first: 100) { nodes { id messageId eventCursor eventType orderId orderStatus status attempts responseStatus
             error nextAttemptAt deliveredAt } } } }`,
        { id },
        principal,
      );
      const found = data?.['webhookEndpoint'] as (ShownEndpoint & { deliveries: { nodes: ShownDelivery[] } }) | null;
      return found && { ...found, deliveries: found.deliveries.nodes };
    },
    /** Runs, hurrying, until every ACTIVE endpoint has been sent everything. */
    async settle(): Promise<void> {
      for (;;) {
        await hurry();
        await run();
        const [left] = await db.rows<{ left: boolean }>(
          `SELECT EXISTS (SELECT FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id
                          WHERE d.status = 'PENDING' AND e.status = 'ACTIVE')
             OR EXISTS (SELECT FROM webhook_endpoint WHERE status = 'ACTIVE'
                        AND position < (SELECT max(position) FROM order_event)) AS left`,
        );
        if (!left?.left) return;
      }
    },
    /** Everything that is written about endpoints and deliveries, for comparing before and after. */
    everything: () =>
      db.rows(`SELECT (SELECT json_agg(e ORDER BY id) FROM webhook_endpoint e) AS endpoints,
        (SELECT json_agg(d ORDER BY id) FROM webhook_delivery d) AS deliveries, (SELECT count(*) FROM outbox) AS outbox`),
  };
}
