/**
 * Only a gateway, for the supergraph of somebody else: for suites that check whether federation works. The same data sources,
 * executor and HTTP door as in the shop; no authentication, no subscriptions, and no limits but the size of a body, the
 * tokens of a document and the time an operation may take.
 */
import { Kind, parse, valueFromASTUntyped, type EnumValueDefinitionNode } from 'graphql';
import { ANONYMOUS } from '../platform/auth/principal';
import type { Clock } from '../platform/clock';
import type { Config } from '../platform/config';
import { Fault } from '../platform/errors';
import type { Log } from '../platform/log';
import { startApollo } from './apollo';
import type { Authenticator } from './authenticator';
import { EndpointDataSource } from './data-source';
import { createErrorFormatter } from './format-error';
import { addGraphqlRoute } from './graphql-route';
import { addGraphiql, graphiqlPage } from './graphiql';
import { createHttpDoor } from './http-door';
import type { Gateway } from './index';
import { createPlainEndpoint } from './plain-endpoint';
import { Readiness } from './readiness';
import { addOperatorRoutes } from './routes';
import { SharedFetches } from './shared-fetches';
import { SubgraphHealth } from './subgraph-health';

/** Makes the gateway; the subgraphs are where the supergraph says. Rejects when the supergraph is not one. */
export async function createPlainGateway(options: {
  config: Pick<Config, 'host' | 'port'>;
  log: Log;
  clock: Clock;
  supergraphSdl: string;
}): Promise<Omit<Gateway, 'reload'>> {
  const { config, log, clock, supergraphSdl } = options;
  const keys = { keys: [] };
  const formatError = createErrorFormatter({ clock, log, hideSchema: false, foreignSubgraphs: true });
  const authenticator: Authenticator = {
    authenticate: async () => ANONYMOUS,
    authenticateSession: async () => ({ principal: ANONYMOUS }),
    // Only the shop's own accounts hand out tokens.
    verify: () => Promise.reject(new Fault('UNAUTHENTICATED')),
  };
  const health = new SubgraphHealth();
  const services = { authenticator, health, shared: new SharedFetches() };
  const endpoints = subgraphsOf(supergraphSdl).map(({ name, url }) => ({
    name,
    endpoint: createPlainEndpoint(url, log),
  }));
  const dataSources = new Map(endpoints.map((one) => [one.name, new EndpointDataSource(one, services)]));
  const { server: apollo } = await startApollo({ supergraphSdl, dataSources, formatError, log });
  const readiness = new Readiness(apollo, health, '{ __typename }');
  const door = createHttpDoor(formatError);
  const { fastify } = door;
  addGraphqlRoute(fastify, { apollo, authenticator, formatError, trustedProxies: 0, page: graphiqlPage });
  addGraphiql(fastify);
  addOperatorRoutes(fastify, readiness, keys);

  return {
    fastify,
    listen: async () => {
      const url = await fastify.listen({ host: config.host, port: config.port });
      return { url, port: Number(new URL(url).port) };
    },
    stop: async () => {
      readiness.stop();
      await door.close();
      await apollo.stop();
      await Promise.all(endpoints.map(({ endpoint }) => endpoint.close()));
    },
  };
}

/** Names and addresses of the subgraphs: `enum join__Graph { A @join__graph(name: "a", url: "http://…") }`. */
function subgraphsOf(supergraphSdl: string): { name: string; url: string }[] {
  return parse(supergraphSdl, { noLocation: true }).definitions.flatMap((definition) =>
    definition.kind === Kind.ENUM_TYPE_DEFINITION && definition.name.value === 'join__Graph'
      ? (definition.values ?? []).map(({ directives }) => ({
          name: argumentOf(directives, 'name'),
          url: argumentOf(directives, 'url'),
        }))
      : [],
  );
}

function argumentOf(directives: EnumValueDefinitionNode['directives'], name: string): string {
  const joined = directives?.find((directive) => directive.name.value === 'join__graph');
  const given = joined?.arguments?.find((argument) => argument.name.value === name);
  return given ? String(valueFromASTUntyped(given.value)) : '';
}
