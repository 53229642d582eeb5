/** A gateway over three small subgraphs in memory, which a test can stop, slow down and listen to. */
import { generateKeyPairSync } from 'node:crypto';
import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { execute, GraphQLError, parse, subscribe, type GraphQLSchema } from 'graphql';
import { pino } from 'pino';
import { createGateway, type Gateway, type GatewayOptions } from '../../gateway';
import { createAccessTokenSigner } from '../../platform/auth/access-token';
import type { Principal, Role } from '../../platform/auth/principal';
import { RequestSigner } from '../../platform/auth/signature';
import { systemClock } from '../../platform/clock';
import { Fault } from '../../platform/errors';
import type { SubgraphEndpoint, SubgraphRequest, SubgraphResult } from '../../platform/graph/endpoint';

type Resolvers = Record<string, Record<string, unknown>>;
type Name = 'accounts' | 'catalog' | 'orders';

/** A user of the tests. */
export const USER_ID = '018f0000-0000-7000-8000-000000000001';
const SESSION_ID = '018f0000-0000-7000-8000-0000000000ff';

const FEDERATION =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])\n';
const TYPE_DEFS: Record<Name, string> = {
  accounts: `
    type Query { me: User @shareable  whoami: String  boom: String  broken: String! }
    type Mutation { login(role: String): LoginPayload }
    type LoginPayload { ok: Boolean!  user: User }
    type User @key(fields: "id") { id: ID!  email: String  role: String }`,
  catalog: `
    type Query { products(first: Int, sort: Sort, filter: Filter): [Product!]  product(id: ID!): Product }
    enum Sort { NAME PRICE }
    input Filter { sku: String!  ranges: [Range!] }
    input Range { min: Int! }
    type Product @key(fields: "id") { id: ID!  name: String!  stock: Int  seenBy: String }`,
  orders: `
    type Query { me: User @shareable  orders: [Order!] }
    type Mutation { placeOrder(key: String!): Order }
    type Subscription { orderUpdated(orderId: ID!, steps: Int): OrderUpdate! }
    type OrderUpdate { step: Int!  order: Order! }
    type Order { id: ID!  status: String  product: Product }
    type User @key(fields: "id") { id: ID!  orderCount: Int }
    type Product @key(fields: "id", resolvable: false) { id: ID! }`,
};

/** What a test sees and decides of one subgraph. */
export interface SubgraphControl {
  requests: SubgraphRequest[];
  /** Set: every request is refused as an outage. */
  down: boolean;
  /** Runs before each answer. */
  before?: (request: SubgraphRequest) => Promise<void> | void;
}

/** The gateway under test. */
export interface TestGateway {
  gateway: Gateway;
  url: string;
  port: number;
  subgraphs: Record<Name, SubgraphControl>;
  /** Sends an event to everybody subscribed to the order. */
  publish(step: number): void;
  /** Streams of events now open at the orders subgraph. */
  openStreams(): number;
  token(options?: { role?: Role; userId?: string; expiresInSeconds?: number }): Promise<string>;
  post(
    body: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; headers: Headers; body: GraphAnswer }>;
}

/** A GraphQL answer as a client sees it. */
export interface GraphAnswer {
  data?: Record<string, unknown> | null;
  errors?: { message: string; path?: (string | number)[]; locations?: unknown; extensions: Record<string, unknown> }[];
}

/** Starts it on a free port. */
export async function startTestGateway(
  options: Partial<
    Pick<GatewayOptions, 'routes' | 'endpoints' | 'signer'> & { config: Partial<GatewayOptions['config']> }
  > = {},
): Promise<TestGateway> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const tokens = createAccessTokenSigner([{ kid: 'test', privateKey }]);
  const subgraphs: TestGateway['subgraphs'] = {
    accounts: { requests: [], down: false },
    catalog: { requests: [], down: false },
    orders: { requests: [], down: false },
  };
  const token: TestGateway['token'] = ({ role = 'CUSTOMER', userId = USER_ID, expiresInSeconds = 600 } = {}) =>
    tokens.sign({ userId, role, sessionId: SESSION_ID, expiresAt: new Date(Date.now() + expiresInSeconds * 1000) });
  const events = new Events();
  const endpoints: GatewayOptions['endpoints'] = {
    accounts: endpointOf('accounts', accountsResolvers(token), subgraphs.accounts),
    catalog: endpointOf('catalog', CATALOG_RESOLVERS, subgraphs.catalog),
    orders: endpointOf('orders', ordersResolvers(events), subgraphs.orders),
    ...options.endpoints,
  };
  const gateway = await createGateway({
    config: { host: '127.0.0.1', port: 0, introspection: 'all', subgraphUrls: unreachable(), ...options.config },
    log: pino({ level: 'silent' }),
    clock: systemClock,
    signer: options.signer ?? new RequestSigner(['a secret of the tests'], systemClock),
    jwks: tokens.publicJwks(),
    supergraphSdl: composed(),
    endpoints,
    routes: options.routes,
    readinessQuery: '{ me { id } whoami products { id } orders { id } }',
  });
  const { url, port } = await gateway.listen();
  return {
    gateway,
    url,
    port,
    subgraphs,
    token,
    publish: (step) => events.publish(step),
    openStreams: () => events.open,
    post: async (body, headers = {}) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: text,
      });
      return { status: response.status, headers: response.headers, body: (await response.json()) as GraphAnswer };
    },
  };
}

/** The schema of one of the subgraphs, for putting it behind a door of its own. */
export function endpointOf(name: Name, resolvers: Resolvers, control: SubgraphControl): SubgraphEndpoint {
  const schema = schemaOf(name, resolvers);
  const begin = async (request: SubgraphRequest) => {
    control.requests.push(request);
    if (control.down) throw new Fault('SERVICE_UNAVAILABLE');
    await control.before?.(request);
    const contextValue: TestContext = { principal: request.principal };
    const document = request.document ?? parse(request.query);
    return { schema, document, variableValues: request.variables, contextValue };
  };
  return {
    execute: async (request) => {
      const args = await begin(request);
      const result = (await execute(args)) as SubgraphResult;
      return args.contextValue.accessToken === undefined
        ? result
        : { ...result, extensions: { accessToken: args.contextValue.accessToken } };
    },
    subscribe: async (request) => (await subscribe(await begin(request))) as SubgraphResult,
  };
}

/** Resolvers of the catalogue, the simplest of the three. */
export const CATALOG_RESOLVERS: Resolvers = {
  Query: {
    products: () => [product('1'), product('2')],
    product: (_: unknown, { id }: { id: string }) => product(id),
  },
  Product: {
    __resolveReference: async ({ id }: { id: string }) => product(id),
    seenBy: (_: unknown, __: unknown, { principal }: TestContext) => nameOf(principal),
  },
};

interface TestContext {
  principal: Principal;
  accessToken?: string;
}

function accountsResolvers(token: TestGateway['token']): Resolvers {
  return {
    Query: {
      me: (_: unknown, __: unknown, { principal }: TestContext) => userOf(principal),
      whoami: (_: unknown, __: unknown, { principal }: TestContext) => nameOf(principal),
      boom: () => {
        throw new GraphQLError('connect ECONNREFUSED postgres://secret@db.internal:5432 SELECT 1', {
          extensions: { code: 'WHO_KNOWS', stacktrace: ['at /srv/app.js:1'] },
        });
      },
      broken: () => null,
    },
    Mutation: {
      login: async (_: unknown, { role }: { role?: Role }, context: TestContext) => {
        context.accessToken = await token({ role });
        return { ok: true, user: { id: USER_ID } };
      },
    },
    User: {
      __resolveReference: async ({ id }: { id: string }) => ({ id }),
      email: () => 'ada@souk.example',
      role: () => 'CUSTOMER',
    },
  };
}

function ordersResolvers(events: Events): Resolvers {
  return {
    Query: {
      me: (_: unknown, __: unknown, { principal }: TestContext) => userOf(principal),
      orders: () => [{ id: 'o1', status: 'PENDING', product: { id: '1' } }],
    },
    Mutation: {
      placeOrder: (_: unknown, { key }: { key: string }) => ({ id: key, status: 'PENDING', product: { id: '1' } }),
    },
    Subscription: {
      orderUpdated: {
        subscribe: (_: unknown, { orderId }: { orderId: string }) => {
          if (orderId === 'unknown') throw new GraphQLError('Not found.', { extensions: { code: 'NOT_FOUND' } });
          return events.stream();
        },
        resolve: (step: number) => ({ step, order: { id: 'o1', status: `STEP_${step}`, product: { id: '1' } } }),
      },
    },
    User: { __resolveReference: async ({ id }: { id: string }) => ({ id }), orderCount: () => 3 },
  };
}

/** Events by hand, so that a test can count the streams that have not been let go. */
class Events {
  open = 0;
  private readonly listeners = new Set<(step: number) => void>();

  publish(step: number): void {
    for (const listener of this.listeners) listener(step);
  }

  stream(): AsyncIterableIterator<number> {
    this.open += 1;
    const queue: number[] = [];
    let wake: (() => void) | undefined;
    let ended = false;
    const listener = (step: number): void => {
      queue.push(step);
      wake?.();
    };
    this.listeners.add(listener);
    const stream: AsyncIterableIterator<number> = {
      [Symbol.asyncIterator]: () => stream,
      next: async () => {
        if (queue.length === 0 && !ended) await new Promise<void>((resolve) => (wake = resolve));
        const value = queue.shift();
        return value === undefined ? { done: true, value: undefined } : { done: false, value };
      },
      return: async () => {
        if (!ended) this.open -= 1;
        ended = true;
        this.listeners.delete(listener);
        wake?.();
        return { done: true, value: undefined };
      },
    };
    return stream;
  }
}

function schemaOf(name: Name, resolvers: Resolvers): GraphQLSchema {
  // The library's type for resolver maps is narrower than what it takes.
  return buildSubgraphSchema({ typeDefs: parse(FEDERATION + TYPE_DEFS[name]), resolvers: resolvers as never });
}

function composed(): string {
  const names = Object.keys(TYPE_DEFS) as Name[];
  const { supergraphSdl, errors } = composeServices(
    names.map((name) => ({
      name,
      url: `http://${name}.internal/graphql`,
      typeDefs: parse(FEDERATION + TYPE_DEFS[name]),
    })),
  );
  if (supergraphSdl === undefined) throw new Error(String(errors));
  return supergraphSdl;
}

/** Addresses at which nothing listens (port 1 is never taken). */
function unreachable(): GatewayOptions['config']['subgraphUrls'] {
  const url = 'http://127.0.0.1:1';
  return { accounts: url, catalog: url, cart: url, orders: url, payments: url };
}

function product(id: string): object {
  return { id, name: `Product ${id}`, stock: 7 };
}

function userOf(principal: Principal): object | null {
  return principal.kind === 'user' ? { id: principal.id } : null;
}

function nameOf(principal: Principal): string {
  return principal.kind === 'user' ? `${principal.role}:${principal.id}` : principal.kind;
}
