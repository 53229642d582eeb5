/** Apollo Server over Apollo's gateway, with our data sources, rules, error format and nothing sent to anybody. */
import type { DocumentNode } from 'graphql';
import { ApolloGateway, type SupergraphSdlUpdateFunction } from '@apollo/gateway';
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { disableApolloTelemetry } from '../platform/config';
import { createTextCache } from '../platform/graph/text-cache';
import type { Log } from '../platform/log';
import type { OperationContext } from './context';
import type { EndpointDataSource } from './data-source';
import type { ClientError, ErrorFormatter } from './format-error';
import { operationSeconds, operationsTotal } from './metrics';
import { MOST_TOKENS } from './limits/check-text';
import { withinAnswer } from './limits/within-answer';
import { operationRules, type OperationRules } from './operation-rules';
import { placeErrors } from './place-errors';

/** What the server is made of. */
export interface ApolloOptions {
  supergraphSdl: string;
  /** By name in the supergraph. */
  dataSources: ReadonlyMap<string, EndpointDataSource>;
  formatError: ErrorFormatter;
  /** undefined: Apollo Server validates by itself, and everything valid runs. */
  rules?: OperationRules;
  log: Log;
}

/** The server, and how it takes another supergraph. */
export interface ApolloDoor {
  server: ApolloServer<OperationContext>;
  /** From the next operation on. Throws when the supergraph is not one; the old one stays then. */
  update: (supergraphSdl: string) => void;
}

/** Makes and starts the server. Parsed documents and query plans are kept in bounded caches (a million characters, 50 MiB). */
export async function startApollo(options: ApolloOptions): Promise<ApolloDoor> {
  const { formatError, rules } = options;
  const logger = quiet(options.log);
  disableApolloTelemetry();
  let update: SupergraphSdlUpdateFunction | undefined;
  const gateway = new ApolloGateway({
    supergraphSdl: async (library) => {
      ({ update } = library);
      return { supergraphSdl: options.supergraphSdl };
    },
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
  const documents = createTextCache<DocumentNode>();
  const server = new ApolloServer<OperationContext>({
    gateway,
    logger,
    formatError: (formatted, error) => formatError(error, formatted),
    includeStacktraceInErrorResponses: false,
    // Who may introspect depends on the caller: operation-rules.ts.
    introspection: true,
    allowBatchedHttpRequests: false,
    // Found before it is asked: persisted/.
    persistedQueries: false,
    csrfPrevention: true,
    stopOnTerminationSignals: false,
    documentStore: {
      get: async (key) => documents.get(key),
      // The key is a hash. Apollo Server's own store writes documents out to measure them, which takes longer than parsing.
      set: async (key, document) => void documents.set(key, document, { size: document.loc?.source.body.length ?? 1 }),
      delete: async (key) => documents.delete(key),
    },
    parseOptions: rules && { maxTokens: MOST_TOKENS },
    // Done in operation-rules.ts, after the size of the document has been looked at, and the same for sockets.
    dangerouslyDisableValidation: rules !== undefined,
    plugins: [
      { requestDidStart: async () => rules && operationRules(rules) },
      answers(formatError),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginLandingPageDisabled(),
    ],
  });
  await server.start();
  return { server, update: (supergraphSdl) => update?.(supergraphSdl) };
}

/** Measures operations, tells the door how they ended, and says what they cost. */
const answers = (formatError: ErrorFormatter): ApolloServerPlugin<OperationContext> => ({
  requestDidStart: async () => {
    const end = operationSeconds.startTimer();
    return {
      willSendResponse: async ({ response, contextValue, operation }) => {
        if (response.body.kind !== 'single') return;
        const { singleResult } = response.body;
        if (singleResult.data !== undefined && singleResult.errors)
          singleResult.errors = placeErrors(singleResult.data, singleResult.errors);
        const code = firstCode(singleResult.errors);
        const { outcome } = contextValue;
        if (singleResult.data === undefined) {
          outcome.refusedWith = code;
          const others = (outcome.otherErrors ?? []).map((error) => formatError(error));
          singleResult.errors = withinAnswer([...(singleResult.errors ?? []), ...others]);
        }
        // Not what the gateway library says: `valueCompletion` would tell clients about subgraphs.
        singleResult.extensions = outcome.cost && { cost: outcome.cost };
        const labels = { type: operation?.operation ?? 'none', code: code ?? 'OK' };
        operationsTotal.inc(labels);
        end(labels);
      },
    };
  },
});

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
