/**
 * The gateway: one graph over the subgraphs, by HTTP and WebSocket. It knows no subgraph's code; it is given endpoints of
 * those in this process and calls the others over signed HTTP.
 */
import type { FastifyInstance } from 'fastify';
import type { JSONWebKeySet } from 'jose';
import { createAccessTokenVerifier } from '../platform/auth/access-token';
import type { RequestSigner } from '../platform/auth/signature';
import type { Cache } from '../platform/cache/cache';
import type { Clock } from '../platform/clock';
import { SUBGRAPHS, type Config, type SubgraphName } from '../platform/config';
import type { SubgraphEndpoint } from '../platform/graph/endpoint';
import type { Limiter } from '../platform/limiter/limiter';
import type { Log } from '../platform/log';
import type { Sealer } from '../platform/seal';
import type { PubSub } from '../platform/pubsub/pubsub';
import { startApollo } from './apollo';
import { createAuthenticator } from './authenticator';
import { EndpointDataSource } from './data-source';
import { createErrorFormatter } from './format-error';
import { addGraphqlRoute } from './graphql-route';
import { addGraphiql, graphiqlPage } from './graphiql';
import { createHttpDoor } from './http-door';
import { addTokenRoute } from './oauth/token-route';
import type { IssueClientToken } from './oauth/client-tokens';
import { Rates } from './limits/rates';
import { AutomaticDocuments } from './persisted/automatic-documents';
import { startOperationRegistry } from './persisted/operation-registry';
import type { OperationSource } from './persisted/operation-source';
import { startOperationUses } from './persisted/operation-uses';
import { PersistedOperations } from './persisted/persisted-operations';
import type { OperationRules } from './operation-rules';
import { partnerContract } from './partner-contract';
import { Readiness } from './readiness';
import { createRemoteEndpoint, type RemoteEndpoint } from './remote-endpoint';
import { addOperatorRoutes, addRoute, type GatewayRoute } from './routes';
import type { ReadSessions } from './session-reader';
import { startSessions } from './session-watch';
import { SharedFetches } from './shared-fetches';
import { SubgraphHealth } from './subgraph-health';
import { SubscriptionEngine } from './subscriptions/engine';
import { SharedSubscriptions } from './subscriptions/sharing';
import { SocketDoor } from './subscriptions/socket-door';
import { SocketOperations } from './subscriptions/socket-operation';
import { OpenConnections } from './subscriptions/tally';
import { StreamDoor } from './subscriptions/stream-door';
import { addTicketRoute, StreamTickets } from './subscriptions/stream-tickets';

export type { GatewayRoute } from './routes';

/** What a gateway is made of. */
export interface GatewayOptions {
  config: Pick<
    Config,
    'host' | 'port' | 'introspection' | 'subgraphUrls' | 'sockets' | 'operationCost' | 'rates' | 'corsOrigins'
  >;
  log: Log;
  clock: Clock;
  /** Signs requests to subgraphs in other processes. */
  signer: RequestSigner;
  /** Counts requests by the rates of the configuration and operations by their budgets; without it nothing is limited. */
  limiter?: Limiter;
  /** Seals what only a gateway shall open again (tickets of event streams, texts of automatic persisted queries), and hides addresses. */
  sealer: Sealer;
  /** Public keys of access tokens; also served. */
  jwks: JSONWebKeySet;
  supergraphSdl: string;
  /** What API clients may use; absent: nothing. */
  partnerSdl?: string;
  /** Subgraphs of this process; the others are reached at `config.subgraphUrls`. */
  endpoints: Partial<Record<SubgraphName, SubgraphEndpoint>>;
  /** Asks accounts for tokens of API clients; absent: /oauth/token is not there. */
  issueClientToken?: IssueClientToken;
  /** Keeps the texts of automatic persisted queries. */
  cache: Cache;
  /** Accounts' registry of operations. */
  operationSource: OperationSource;
  /** Asks accounts which sessions stand. */
  readSessions: ReadSessions;
  /** Brings what accounts says of rights and operations that have changed. */
  pubsub: PubSub;
  /** What else is served. */
  routes?: readonly GatewayRoute[];
  /** A query that reaches every subgraph; the default fits the shop's schema. */
  readinessQuery?: string;
}

/** A gateway that has been made but does not listen yet. */
export interface Gateway {
  fastify: FastifyInstance;
  /** Listens at the configured host and port (0: any free one). Rejects when the port is taken. */
  listen(): Promise<{ url: string; port: number }>;
  /**
   * Takes another supergraph for all operations from now on; running subscriptions end with SUBSCRIPTION_SCHEMA_RELOAD.
   * Throws, and goes on with the old one, if it is none or names a subgraph that the gateway does not reach.
   */
  reload(supergraphSdl: string): void;
  /** Answers what is in flight, closes sockets with 1012, ends streams, and everything else; within eight seconds. */
  stop(): Promise<void>;
}

/** Makes the gateway. Rejects when the supergraph is not one. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, log, clock, supergraphSdl } = options;
  const { introspection } = config;
  const { trustedProxies } = config.sockets;
  const formatError = createErrorFormatter({ clock, log, hideSchema: introspection === 'admins' });
  const { readSessions, pubsub } = options;
  const sessions = await startSessions({ readSessions, pubsub, clock, log });
  const authenticator = createAuthenticator(createAccessTokenVerifier(options.jwks, clock), clock, sessions);
  const { endpoints, remote } = reach(options);
  const health = new SubgraphHealth();
  const services = { authenticator, health, shared: new SharedFetches() };
  const dataSources = new Map(
    [...endpoints].map(([name, endpoint]) => [name, new EndpointDataSource({ name, endpoint }, services)] as const),
  );

  const rates = options.limiter && config.rates && new Rates(options.limiter, config.rates, options.sealer);
  const rules: OperationRules = {
    introspection,
    contract: partnerContract(options.partnerSdl),
    costs: () => engine.costs,
    maximumCost: config.operationCost,
    rates,
  };
  const { server: apollo, update } = await startApollo({ supergraphSdl, dataSources, formatError, rules, log });
  const engine = new SubscriptionEngine({ supergraphSdl, endpoints, dataSources, rules, formatError });
  const { limiter, cache, sealer, operationSource: source } = options;
  const registry = await startOperationRegistry({ source, pubsub, log });
  const uses = startOperationUses(source, log);
  const automatic = new AutomaticDocuments(cache, sealer);
  const persisted = new PersistedOperations({ registry, automatic, uses, limiter });
  const operations = new SocketOperations(apollo, new SharedSubscriptions(engine), persisted, formatError);
  const readiness = new Readiness(apollo, health, options.readinessQuery);

  const door = createHttpDoor(formatError, config.corsOrigins);
  const { fastify } = door;
  const tickets = new StreamTickets(authenticator, sealer);
  const connections = new OpenConnections(config.sockets);
  const shared = { authenticator, persisted, formatError, trustedProxies, sessions, connections, rates };
  const streams = new StreamDoor({ ...shared, engine, operations, tickets });
  addGraphqlRoute(fastify, { ...shared, apollo, streams, page: graphiqlPage });
  addTicketRoute(fastify, tickets);
  const { issueClientToken } = options;
  if (issueClientToken) addTokenRoute(fastify, { ...shared, issueClientToken, limiter: rates && limiter, sealer });
  addGraphiql(fastify);
  addOperatorRoutes(fastify, readiness, options.jwks);
  for (const route of options.routes ?? []) addRoute(fastify, route);
  const sockets = new SocketDoor(fastify.server, {
    ...shared,
    schema: () => engine.schema,
    ...{ operations, log },
  });

  return {
    fastify,
    listen: async () => {
      const url = await fastify.listen({ host: config.host, port: config.port });
      return { url, port: Number(new URL(url).port) };
    },
    reload: (next) => engine.reload(next, () => update(next)),
    stop: async () => {
      readiness.stop();
      streams.close();
      await Promise.all([sockets.close(), door.close()]);
      await Promise.all([sessions.stop(), registry.stop(), uses.stop(), apollo.stop()]);
      await Promise.all(remote.map((endpoint) => endpoint.close()));
    },
  };
}

/** Endpoints by the subgraph's name: those given, and connections to the rest. */
function reach(options: GatewayOptions): { endpoints: Map<string, SubgraphEndpoint>; remote: RemoteEndpoint[] } {
  const endpoints = new Map<string, SubgraphEndpoint>();
  const remote: RemoteEndpoint[] = [];
  for (const name of SUBGRAPHS) {
    const local = options.endpoints[name];
    if (local) {
      endpoints.set(name, local);
      continue;
    }
    const far = createRemoteEndpoint({
      name,
      url: options.config.subgraphUrls[name],
      signer: options.signer,
      log: options.log,
    });
    endpoints.set(name, far);
    remote.push(far);
  }
  return { endpoints, remote };
}
