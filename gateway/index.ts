/**
 * The gateway: one graph over the subgraphs, by HTTP and WebSocket. It knows no subgraph's code; it is given endpoints of
 * those in this process and calls the others over signed HTTP.
 */
import type { FastifyInstance } from 'fastify';
import type { JSONWebKeySet } from 'jose';
import { createAccessTokenVerifier } from '../platform/auth/access-token';
import type { RequestSigner } from '../platform/auth/signature';
import type { Clock } from '../platform/clock';
import { SUBGRAPHS, type Config, type SubgraphName } from '../platform/config';
import type { SubgraphEndpoint } from '../platform/graph/endpoint';
import type { Log } from '../platform/log';
import { startApollo } from './apollo';
import { createAuthenticator } from './authenticator';
import { EndpointDataSource } from './data-source';
import { createErrorFormatter } from './format-error';
import { addGraphqlRoute } from './graphql-route';
import { addGraphiql, graphiqlPage } from './graphiql';
import { createHttpDoor } from './http-door';
import { Readiness } from './readiness';
import { createRemoteEndpoint, type RemoteEndpoint } from './remote-endpoint';
import { addOperatorRoutes, addRoute, type GatewayRoute } from './routes';
import { SharedFetches } from './shared-fetches';
import { SubgraphHealth } from './subgraph-health';
import { SubscriptionEngine } from './subscriptions/engine';
import { SubscriptionPlanner } from './subscriptions/plan';
import { SocketDoor } from './subscriptions/socket-door';
import { SocketOperations } from './subscriptions/socket-operation';

export type { GatewayRoute } from './routes';

/** What a gateway is made of. */
export interface GatewayOptions {
  config: Pick<Config, 'host' | 'port' | 'introspection' | 'subgraphUrls'>;
  log: Log;
  clock: Clock;
  /** Signs requests to subgraphs in other processes. */
  signer: RequestSigner;
  /** Public keys of access tokens; also served. */
  jwks: JSONWebKeySet;
  supergraphSdl: string;
  /** Subgraphs of this process; the others are reached at `config.subgraphUrls`. */
  endpoints: Partial<Record<SubgraphName, SubgraphEndpoint>>;
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
  /** Answers what is in flight, closes sockets with 1012 and everything else; within eight seconds. */
  stop(): Promise<void>;
}

/** Makes the gateway. Rejects when the supergraph is not one. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, log, clock, supergraphSdl } = options;
  const { introspection } = config;
  const formatError = createErrorFormatter({ clock, log, hideSchema: introspection === 'admins' });
  const authenticator = createAuthenticator(createAccessTokenVerifier(options.jwks, clock), clock);
  const { endpoints, remote } = reach(options);
  const health = new SubgraphHealth();
  const services = { authenticator, health, shared: new SharedFetches() };
  const dataSources = new Map(
    [...endpoints].map(([name, endpoint]) => [name, new EndpointDataSource({ name, endpoint }, services)] as const),
  );

  const apollo = await startApollo({ supergraphSdl, dataSources, formatError, introspection, log });
  const planner = new SubscriptionPlanner(supergraphSdl);
  const engine = new SubscriptionEngine({ planner, endpoints, dataSources, introspection, formatError });
  const operations = new SocketOperations(apollo, engine);
  const readiness = new Readiness(apollo, health, options.readinessQuery);

  const door = createHttpDoor(formatError);
  const { fastify } = door;
  addGraphqlRoute(fastify, { apollo, authenticator, formatError, page: graphiqlPage });
  addGraphiql(fastify);
  addOperatorRoutes(fastify, readiness, options.jwks);
  for (const route of options.routes ?? []) addRoute(fastify, route);
  const sockets = new SocketDoor(fastify.server, {
    schema: planner.apiSchema,
    operations,
    authenticator,
    formatError,
    log,
  });

  return {
    fastify,
    listen: async () => {
      const url = await fastify.listen({ host: config.host, port: config.port });
      return { url, port: Number(new URL(url).port) };
    },
    stop: async () => {
      readiness.stop();
      await Promise.all([sockets.close(), door.close()]);
      await apollo.stop();
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
      url: options.config.subgraphUrls[name],
      signer: options.signer,
      log: options.log,
    });
    endpoints.set(name, far);
    remote.push(far);
  }
  return { endpoints, remote };
}
