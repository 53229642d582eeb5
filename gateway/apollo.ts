/** Apollo Server over Apollo's gateway, with our data sources, rules, error format and nothing sent to anybody. */
import { ApolloGateway } from '@apollo/gateway';
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { disableApolloTelemetry, type Config } from '../platform/config';
import type { Log } from '../platform/log';
import type { OperationContext } from './context';
import type { EndpointDataSource } from './data-source';
import type { ClientError, ErrorFormatter } from './format-error';
import { operationSeconds, operationsTotal } from './metrics';
import { operationRules } from './operation-rules';
import { placeErrors } from './place-errors';

/** Tokens in a document, at most: twenty for each of the thousand fields an operation may have. */
export const MOST_TOKENS = 20_000;

/** What the server is made of. */
export interface ApolloOptions {
  supergraphSdl: string;
  /** By name in the supergraph. */
  dataSources: ReadonlyMap<string, EndpointDataSource>;
  formatError: ErrorFormatter;
  introspection: Config['introspection'];
  log: Log;
}

/** Makes and starts the server. Parsed documents and query plans are kept in bounded caches (30 and 50 MiB). */
export async function startApollo(options: ApolloOptions): Promise<ApolloServer<OperationContext>> {
  const { formatError, introspection } = options;
  const logger = quiet(options.log);
  disableApolloTelemetry();
  const gateway = new ApolloGateway({
    supergraphSdl: options.supergraphSdl,
    buildService: ({ name }) => {
      const dataSource = options.dataSources.get(name);
      if (!dataSource) throw new Error(`The supergraph names a subgraph that is not there: ${name}`);
      return dataSource;
    },
    // Gives data sources the planned document, so that a subgraph in this process need not parse.
    queryPlannerConfig: { exposeDocumentNodeInFetchNode: true },
    __exposeQueryPlanExperimental: false,
    logger,
  });
  const server = new ApolloServer<OperationContext>({
    gateway,
    logger,
    formatError: (formatted, error) => formatError(error, formatted),
    includeStacktraceInErrorResponses: false,
    // Who may introspect depends on the caller: operation-rules.ts.
    introspection: true,
    allowBatchedHttpRequests: false,
    csrfPrevention: true,
    stopOnTerminationSignals: false,
    parseOptions: { maxTokens: MOST_TOKENS },
    plugins: [
      { requestDidStart: async () => operationRules(introspection) },
      answers,
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginLandingPageDisabled(),
    ],
  });
  await server.start();
  return server;
}

/** Measures operations, tells the door how they ended, and removes what the gateway library adds to an answer. */
const answers: ApolloServerPlugin<OperationContext> = {
  requestDidStart: async () => {
    const end = operationSeconds.startTimer();
    return {
      willSendResponse: async ({ response, contextValue, operation }) => {
        if (response.body.kind !== 'single') return;
        const { singleResult } = response.body;
        if (singleResult.data && singleResult.errors)
          singleResult.errors = placeErrors(singleResult.data, singleResult.errors);
        const code = firstCode(singleResult.errors);
        if (singleResult.data === undefined) contextValue.outcome.refusedWith = code;
        // `valueCompletion` would tell clients about subgraphs.
        delete singleResult.extensions;
        const labels = { type: operation?.operation ?? 'none', code: code ?? 'OK' };
        operationsTotal.inc(labels);
        end(labels);
      },
    };
  },
};

function firstCode(
  errors: readonly { extensions?: Record<string, unknown> }[] | undefined,
): ClientError['extensions']['code'] | undefined {
  // All errors have come through formatError.
  return (errors as readonly ClientError[] | undefined)?.[0]?.extensions.code;
}

/** What the libraries say, at the level of details: errors are logged where they are formatted. */
function quiet(log: Log): Record<'debug' | 'info' | 'warn' | 'error', (message?: string) => void> {
  return {
    debug: () => undefined,
    info: () => undefined,
    warn: (message) => log.debug({ library: message }, 'gateway library warns'),
    error: (message) => log.warn({ library: message }, 'gateway library reports an error'),
  };
}
