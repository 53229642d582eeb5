/** A gateway over three small subgraphs in memory, which a test can stop, slow down and listen to. */
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { Supergraph } from '@apollo/federation-internals';
import { execute, GraphQLError, parse, printSchema, subscribe, type GraphQLSchema } from 'graphql';
import { pino } from 'pino';
import { createGateway, type Gateway, type GatewayOptions } from '../../gateway';
import { createAccessTokenSigner } from '../../platform/auth/access-token';
import type { Principal, RateTier, Role } from '../../platform/auth/principal';
import { RequestSigner } from '../../platform/auth/signature';
import { createMemoryCache } from '../../platform/cache/memory';
import { systemClock } from '../../platform/clock';
import { readConfig } from '../../platform/config';
import { Fault } from '../../platform/errors';
import { createSealer } from '../../platform/seal';
import { createMemoryPubSub } from '../../platform/pubsub/memory';
import type { PubSub } from '../../platform/pubsub/pubsub';
import { RIGHTS_CHANNEL } from '../../subgraphs/accounts/messages';
import type { SubgraphEndpoint, SubgraphRequest, SubgraphResult } from '../../platform/graph/endpoint';
import { apiClient } from './principals';
import { TestOperations } from './registered-operations';

/** As in production, gateways of one shop seal with the same key. */
const KEY = randomBytes(32);

type Resolvers = Record<string, Record<string, unknown>>;
type Name = 'accounts' | 'catalog' | 'orders';

/** A user of the tests. */
export const USER_ID = '018f0000-0000-7000-8000-000000000001';
/** An API client of theirs. */
export const API_CLIENT_ID = '018f0000-0000-7000-8000-00000000000a';
/** Their session, unless a token is made for another. */
export const SESSION_ID = '018f0000-0000-7000-8000-0000000000ff';

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
    type Subscription { orderUpdated(orderId: ID!, steps: Int, after: String): OrderUpdate! }
    type OrderUpdate { step: Int!  cursor: String!  order: Order!  bulk: String }
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

/** What accounts says of sessions, as a test decides it. */
export interface SessionsControl {
  /** Those that are over; all others stand. */
  ended: Set<string>;
  /** Roles of their users, by session: those of the tokens made for them, until a test says otherwise. */
  roles: Map<string, Role>;
  /** Set: accounts cannot be reached. */
  down: boolean;
  /** Questions so far, by their sizes. */
  asked: number[];
  /** Carries what accounts says of rights. */
  pubsub: PubSub;
}

/** The gateway under test. */
export interface TestGateway {
  gateway: Gateway;
  url: string;
  port: number;
  subgraphs: Record<Name, SubgraphControl>;
  /** The registry of operations. */
  operations: TestOperations;
  /** Sends an event to everybody subscribed to the order. */
  publish(step: number): void;
  /** Streams of events now open at the orders subgraph. */
  openStreams(): number;
  token(options?: {
    role?: Role;
    userId?: string;
    sessionId?: string;
    expiresInSeconds?: number;
    rateTier?: RateTier;
  }): Promise<string>;
  /** An access token of the API client {@link API_CLIENT_ID}, whose key is {@link SESSION_ID} and whose partner {@link USER_ID}. */
  clientToken(): Promise<string>;
  /** Sessions as accounts would tell them. */
  sessions: SessionsControl;
  post(
    body: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; headers: Headers; body: GraphAnswer; extensions?: { cost?: Cost } }>;
}

/** What an answer says of its operation's cost; `post` gives it apart, because it is in every answer. */
interface Cost {
  requested: number;
  limit: number;
}

/** A GraphQL answer as a client sees it. */
export interface GraphAnswer {
  data?: Record<string, unknown> | null;
  errors?: { message: string; path?: (string | number)[]; locations?: unknown; extensions: Record<string, unknown> }[];
}

/** A contract in which API clients may use everything. */
export function wholeGraph(): string {
  return printSchema(Supergraph.build(composed()).apiSchema().toGraphQLJSSchema());
}

/** Ends the session of {@link TestGateway.token} and says so, as accounts would. */
export async function endSession({ sessions }: Pick<TestGateway, 'sessions'>): Promise<void> {
  sessions.ended.add(SESSION_ID);
  await sessions.pubsub.publish(RIGHTS_CHANNEL, { userId: USER_ID });
}

/** Starts it on a free port. */
export async function startTestGateway(
  options: Partial<
    Pick<
      GatewayOptions,
      | 'routes'
      | 'endpoints'
      | 'signer'
      | 'clock'
      | 'limiter'
      | 'supergraphSdl'
      | 'partnerSdl'
      | 'issueClientToken'
      | 'cache'
    > & {
      config: Partial<GatewayOptions['config']>;
      /** Accounts cannot be asked about operations when it starts. */
      operationsDown: boolean;
    }
  > = {},
): Promise<TestGateway> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const tokens = createAccessTokenSigner([{ kid: 'test', privateKey }]);
  const subgraphs: TestGateway['subgraphs'] = {
    accounts: { requests: [], down: false },
    catalog: { requests: [], down: false },
    orders: { requests: [], down: false },
  };
  const pubsub = createMemoryPubSub();
  const sessions: SessionsControl = { ended: new Set(), roles: new Map(), down: false, asked: [], pubsub };
  const token: TestGateway['token'] = ({
    role = 'CUSTOMER',
    userId = USER_ID,
    sessionId = role === 'CUSTOMER' ? SESSION_ID : randomUUID(),
    expiresInSeconds = 600,
    rateTier,
  } = {}) => {
    sessions.roles.set(sessionId, role);
    return tokens.sign({
      userId,
      role,
      sessionId,
      rateTier,
      expiresAt: new Date(Date.now() + expiresInSeconds * 1000),
    });
  };
  const events = new Events();
  const endpoints: GatewayOptions['endpoints'] = {
    accounts: endpointOf('accounts', accountsResolvers(token), subgraphs.accounts),
    catalog: endpointOf('catalog', CATALOG_RESOLVERS, subgraphs.catalog),
    orders: endpointOf('orders', ordersResolvers(events), subgraphs.orders),
    ...options.endpoints,
  };
  const operations = new TestOperations(sessions.pubsub);
  operations.down = options.operationsDown ?? false;
  const gateway = await createGateway({
    config: {
      ...readConfig({}),
      port: 0,
      subgraphUrls: unreachable(),
      rates: undefined,
      ...options.config,
    },
    log: pino({ level: 'silent' }),
    clock: options.clock ?? systemClock,
    signer: options.signer ?? new RequestSigner(['a secret of the tests'], systemClock),
    sealer: createSealer([{ version: 1, key: KEY }]),
    jwks: tokens.publicJwks(),
    supergraphSdl: options.supergraphSdl ?? composed(),
    partnerSdl: options.partnerSdl,
    issueClientToken: options.issueClientToken,
    endpoints,
    readSessions: async (ids) => {
      sessions.asked.push(ids.length);
      if (sessions.down) throw new Fault('SERVICE_UNAVAILABLE');
      const { roles, ended } = sessions;
      return ids.map((id) => ({ sessionId: id, role: roles.get(id) ?? 'CUSTOMER', active: !ended.has(id) }));
    },
    pubsub: sessions.pubsub,
    limiter: options.limiter,
    cache: options.cache ?? createMemoryCache({ maxEntries: 1_000 }),
    operationSource: operations,
    routes: options.routes,
    readinessQuery: '{ me { id } whoami products { id } orders { id } }',
  });
  const { url, port } = await gateway.listen();
  return {
    gateway,
    url,
    port,
    subgraphs,
    operations,
    token,
    clientToken: () =>
      tokens.signClient(
        apiClient({ id: API_CLIENT_ID, ownerId: USER_ID, keyId: SESSION_ID }),
        new Date(Date.now() + 600_000),
      ),
    sessions,
    publish: (step) => events.publish(step),
    openStreams: () => events.open,
    post: async (body, headers = {}) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: text,
      });
      const { extensions, ...answer } = (await response.json()) as GraphAnswer & { extensions?: { cost?: Cost } };
      return { status: response.status, headers: response.headers, body: answer, extensions };
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
        subscribe: (_: unknown, { orderId, after }: { orderId: string; after?: string }) => {
          if (after !== undefined && !/^c\d+$/.test(after))
            throw new GraphQLError('No cursor.', { extensions: { code: 'VALIDATION_ERROR' } });
          if (orderId === 'unknown') throw new GraphQLError('Not found.', { extensions: { code: 'NOT_FOUND' } });
          return events.stream(after);
        },
        resolve: (step: number) => ({
          step,
          cursor: `c${step}`,
          bulk: 'x'.repeat(1_000_000),
          order: { id: 'o1', status: `STEP_${step}`, product: { id: '1' } },
        }),
      },
    },
    User: { __resolveReference: async ({ id }: { id: string }) => ({ id }), orderCount: () => 3 },
  };
}

/** Events by hand, so that a test can count the streams that have not been let go. All are kept, for those who come back. */
class Events {
  open = 0;
  private readonly listeners = new Set<(step: number) => void>();
  private readonly past: number[] = [];

  publish(step: number): void {
    this.past.push(step);
    for (const listener of this.listeners) listener(step);
  }

  /** Live; with a cursor, what came after it first. */
  stream(after?: string): AsyncIterableIterator<number> {
    this.open += 1;
    const queue = after === undefined ? [] : this.past.filter((step) => step > Number(after.slice(1)));
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

/** The supergraph of the three; `more` is added to the catalogue's schema. */
export function composed(more = ''): string {
  const names = Object.keys(TYPE_DEFS) as Name[];
  const { supergraphSdl, errors } = composeServices(
    names.map((name) => ({
      name,
      url: `http://${name}.internal/graphql`,
      typeDefs: parse(FEDERATION + TYPE_DEFS[name] + (name === 'catalog' ? more : '')),
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
