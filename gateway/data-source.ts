/** How the gateway library reaches a subgraph: the planned operation goes to its endpoint, in this process or over HTTP. */
import type { GraphQLDataSource, GraphQLDataSourceProcessOptions } from '@apollo/gateway';
import { OperationTypeNode, parse, type DocumentNode, type GraphQLFormattedError } from 'graphql';
import { codeOf, ERROR_KINDS, Fault } from '../platform/errors';
import type { SubgraphRequest, SubgraphResult } from '../platform/graph/endpoint';
import type { Authenticator } from './authenticator';
import type { OperationContext } from './context';
import { missingPaths } from './missing-paths';
import { untilAborted, type NamedEndpoint, type SharedFetches } from './shared-fetches';
import type { SubgraphHealth } from './subgraph-health';

type Fetch = Extract<GraphQLDataSourceProcessOptions<OperationContext>, { incomingRequestContext: unknown }>;
type Answer = Awaited<ReturnType<GraphQLDataSource['process']>>;

/** What all data sources of a gateway share. */
export interface DataSourceServices {
  authenticator: Authenticator;
  shared: SharedFetches;
  health: SubgraphHealth;
}

/** A data source over one endpoint. Never rejects for an outage: it answers with an error at each missing place. */
export class EndpointDataSource implements GraphQLDataSource<OperationContext> {
  constructor(
    private readonly subgraph: NamedEndpoint,
    private readonly services: DataSourceServices,
  ) {}

  /** Called by the gateway library for each fetch of a plan. */
  async process(options: GraphQLDataSourceProcessOptions<OperationContext>): Promise<Answer> {
    if (!('incomingRequestContext' in options)) {
      throw new Error('Subgraphs are neither introspected nor polled: the supergraph comes from a file.');
    }
    const query = options.request.query ?? '';
    const document = options.document ?? parse(query, { noLocation: true });
    const variables = options.request.variables ?? {};
    try {
      const { operationName } = options.request;
      const { principal, requestId, clientAddress } = options.context;
      const request = { query, document, variables, operationName, principal, requestId, clientAddress };
      const result = await this.run(options, request, isWrite(document));
      this.services.health.report(this.subgraph.name, true);
      return { data: result.data, errors: result.errors && withPaths(result.errors, document, variables) };
    } catch (error) {
      return { errors: withPaths([this.failure(error, options.context)], document, variables) };
    }
  }

  private async run(fetch: Fetch, request: SubgraphRequest, write: boolean): Promise<SubgraphResult> {
    const { context, incomingRequestContext } = fetch;
    const { shared } = this.services;
    if (write) {
      try {
        // Not aborted, only no longer waited for: half a write helps nobody.
        const result = await untilAborted(this.subgraph.endpoint.execute(request), context.writes);
        await this.becomeUser(context, result.extensions?.accessToken);
        return result;
      } finally {
        shared.forget(request.principal);
      }
    }
    // Only plain queries share: what a mutation or an event leads to must be read after it.
    const { operation: type } = incomingRequestContext.operation;
    if (type === OperationTypeNode.QUERY) {
      return shared.query(this.subgraph, { ...request, signal: context.reads });
    }
    const signal = type === OperationTypeNode.MUTATION ? context.writes : context.reads;
    return untilAborted(this.subgraph.endpoint.execute({ ...request, signal }), signal);
  }

  /** After login, register and refreshSession the rest of the operation runs as that user. */
  private async becomeUser(context: OperationContext, accessToken: string | undefined): Promise<void> {
    if (accessToken === undefined) return;
    try {
      context.principal = await this.services.authenticator.verify(accessToken);
    } catch (error) {
      throw new Fault('INTERNAL_ERROR', undefined, undefined, { cause: error });
    }
  }

  private failure(error: unknown, context: OperationContext): GraphQLFormattedError {
    const code = codeOf(error);
    // When we gave up waiting, that says nothing about the subgraph.
    if (code === 'SERVICE_UNAVAILABLE' && !context.reads.aborted)
      this.services.health.report(this.subgraph.name, false);
    return { message: error instanceof Fault ? error.message : ERROR_KINDS[code].message, extensions: { code } };
  }
}

function isWrite(document: DocumentNode): boolean {
  return document.definitions.some(
    (definition) => 'operation' in definition && definition.operation === OperationTypeNode.MUTATION,
  );
}

/** Errors about the fetch as a whole are spread over the places it leaves empty. */
function withPaths(
  errors: readonly GraphQLFormattedError[],
  document: DocumentNode,
  variables: Record<string, unknown>,
): GraphQLFormattedError[] {
  return errors.flatMap((error) => {
    const { message, path, extensions } = error;
    // A path that ends at the list of entities is the gateway's business; the client never asked for `_entities`.
    const isWhole = path === undefined || (path[0] === '_entities' && path.length === 1);
    if (!isWhole) return [{ message, path, extensions }];
    const paths = missingPaths(document, variables);
    return paths.length === 0
      ? [{ message, extensions }]
      : paths.map((missing) => ({ message, path: missing, extensions }));
  });
}
