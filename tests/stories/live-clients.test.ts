/** The clients that people use, most of them as the guide shows them, follow an order through a lost connection. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { ApolloClient, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient, type Client } from 'graphql-ws';
import { chromium, type Browser } from 'playwright-core';
import { WebSocket } from 'ws';
import * as documents from '../generated/graphql';
import { eventually } from '../support/eventually';
import { exampleOf, watchOf, type GuideUpdate, type WatchOrder } from '../support/guide';
import { customer, demo, must, productFor, shopUrl, type Visitor } from '../support/shop';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';

let proxy: TcpProxy;
let query: string;
let url: string;
/** What a test has to end. */
const open: (() => unknown)[] = [];
beforeAll(async () => {
  Object.assign(globalThis, { WebSocket }); // as in a browser; Node 20 has none
  proxy = await startTcpProxy(Number(new URL(shopUrl()).port));
  url = `http://127.0.0.1:${proxy.port}`;
  query = exampleOf('query', url);
});
afterAll(() => proxy.close());
afterEach(async () => {
  for (const end of open.splice(0)) await end();
});

/** The guide's examples go on for ever: at the end of a test they may not come back. */
function pauses(): typeof setTimeout {
  let over = false;
  open.push(() => (over = true));
  const pause = (run: (...args: unknown[]) => void, _ms: number, ...args: unknown[]) =>
    setTimeout(() => over || run(...args), 100);
  return pause as typeof setTimeout;
}

/** One that ends with its test. */
const createSocketClient: typeof createClient = (options) => {
  const client: Client = createClient(options);
  open.push(() => client.dispose());
  return client;
};

function apollo(link: string, accessToken: string): WatchOrder {
  class Apollo extends ApolloClient {
    constructor(options: ApolloClient.Options) {
      super(options);
      open.push(() => this.stop());
    }
  }
  const names = { HttpLink, GraphQLWsLink, createClient: createSocketClient, ApolloClient: Apollo };
  const more = { CombinedGraphQLErrors, gql, InMemoryCache, setTimeout: pauses(), query, accessToken };
  return watchOf(exampleOf(link, url) + exampleOf('apollo', url), { ...names, ...more });
}

/** Makes a `watch` for the holder of an access token. */
const CLIENTS: Record<string, (accessToken: string) => WatchOrder> = {
  'graphql-ws': (accessToken) => {
    const names = { createClient: createSocketClient, query, accessToken, setTimeout: pauses() };
    return watchOf(exampleOf('graphql-ws', url), names);
  },
  'Apollo Client over HTTP': (accessToken) => apollo('apollo-http', accessToken),
  'Apollo Client over a socket': (accessToken) => apollo('apollo-ws', accessToken),
  'graphql-sse': (accessToken) => async (orderId, show) => {
    const headers = { authorization: `Bearer ${accessToken}` };
    const client = createSseClient({ url: `${url}/graphql`, headers, retryAttempts: 0 });
    open.push(() => client.dispose());
    let after: string | undefined;
    const read = async (): Promise<void> => {
      const results = client.iterate<{ orderUpdated: GuideUpdate }>({ query, variables: { orderId, after } });
      for await (const { data } of results) {
        if (!data) continue;
        show(data.orderUpdated);
        after = data.orderUpdated.cursor;
      }
    };
    const pause = pauses();
    const again = (): unknown => read().catch(() => pause(again, 100));
    await again();
  },
};

/** An order on its way to DELIVERED while the connection is cut; what its buyer saw is what its timeline says. */
async function follows(clientOf: (accessToken: string) => WatchOrder): Promise<void> {
  const { variantId } = await productFor({});
  const [ada, support] = [await customer(), await demo('support')];
  const { id: orderId } = await ada.buys(variantId, 2);
  const seen: GuideUpdate[] = [];
  void clientOf(tokenOf(ada))(orderId, (update) => seen.push(update));
  await eventually(() => expect(seen).toHaveLength(1));

  await support.get(documents.StartProcessingDocument, { input: { orderId } });
  await eventually(() => expect(seen.at(-1)?.event.status).toBe('PROCESSING'));
  await proxy.cut();
  const parcel = { orderId, carrier: 'UPS', trackingNumber: '1Z1', idempotencyKey: randomUUID() };
  await support.get(documents.ShipOrderDocument, { input: parcel });
  await proxy.restore();
  await eventually(() => expect(seen.at(-1)?.event.status).toBe('SHIPPED'));
  await support.get(documents.ConfirmDeliveryDocument, { input: { orderId } });
  await eventually(() => expect(seen.at(-1)?.event.status).toBe('DELIVERED'));

  const { order } = await ada.get(documents.TimelineDocument, { id: orderId });
  const events = must(order, undefined).timeline.filter(({ type }) => type !== 'PAYMENT_CHANGED');
  expect(seen.map(({ cursor }) => cursor)).toEqual(events.slice(1).map(({ cursor }) => cursor));
  expect(seen.map(({ kind }) => kind)).toEqual(['SNAPSHOT', ...seen.slice(1).map(() => 'EVENT')]);
  // From the payments subgraph.
  for (const { order: shown } of seen) expect(shown).toMatchObject({ id: orderId, payments: [{}] });
}
const tokenOf = ({ session }: Visitor): string => must(session, undefined).accessToken;

test.each(Object.entries(CLIENTS))(
  '%s: each event once, in order, through a lost connection, with fields of the whole graph',
  (_name, clientOf) => follows(clientOf),
  60_000,
);

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];

(executablePath === undefined ? test.skip : test)(
  "a browser's EventSource: each event once, in order, through a lost connection",
  async () => {
    const args = [...FLAGS, '--disable-component-update', '--disable-sync'];
    const browser: Browser = await chromium.launch({ executablePath, args });
    open.push(() => browser.close());
    const page = await browser.newPage();
    // Any page of the shop: what the browser asks for is of the same origin then.
    await page.goto(`${url}/health/live`);
    await follows((accessToken) => async (orderId, show) => {
      await page.exposeFunction('show', show);
      const given = JSON.stringify({ query, accessToken, orderId });
      await page.evaluate(
        `(() => { const { query, accessToken, orderId } = ${given}; ${exampleOf('eventsource', url)}; return watch(orderId, show); })()`,
      );
    });
  },
  90_000,
);
