/** Runs operations of one subgraph: for the gateway in the same process, and behind the subgraph's HTTP door. */
import {
  execute,
  getOperationAST,
  GraphQLError,
  OperationTypeNode,
  parse,
  subscribe,
  validate,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql';
import { asRequest } from '../db/statement-scope';
import { codeOf, ERROR_KINDS, Fault } from '../errors';
import { withLogScope, type Log } from '../log';
import type { GraphContext, StartedSubgraph } from '../subgraph';
import type { SubgraphEndpoint, SubgraphRequest, SubgraphResult } from './endpoint';
import { createTextCache } from './text-cache';

/** Makes the endpoint of a subgraph that runs in this process. */
export function localEndpoint(options: {
  schema: GraphQLSchema;
  subgraph: Pick<StartedSubgraph, 'context'>;
  log: Log;
}): SubgraphEndpoint {
  const { schema, subgraph, log } = options;
  const documents = createTextCache<DocumentNode>();

  /** The gateway plans only what fits the composed schema; text from outside this process is checked, once. */
  function documentOf(request: SubgraphRequest): DocumentNode {
    if (request.document) return request.document;
    const known = documents.get(request.query);
    if (known) return known;
    const document = parse(request.query, { noLocation: true });
    const [problem] = validate(schema, document);
    if (problem) throw new Fault('GRAPHQL_VALIDATION_FAILED');
    documents.set(request.query, document);
    return document;
  }

  function begin(request: SubgraphRequest) {
    const said: { accessToken?: string } = {};
    const context: GraphContext = subgraph.context({
      principal: request.principal,
      requestId: request.requestId,
      clientAddress: request.clientAddress,
      become(principal, accessToken) {
        context.principal = principal;
        said.accessToken = accessToken;
      },
    });
    const args = {
      schema,
      document: documentOf(request),
      contextValue: context,
      variableValues: request.variables,
      operationName: request.operationName,
    };
    return { args, said };
  }

  const inScope = <T>(request: SubgraphRequest, work: () => T, abandoned?: AbortSignal): T =>
    withLogScope(
      { requestId: request.requestId, userId: request.principal.kind === 'user' ? request.principal.id : undefined },
      () => asRequest(work, abandoned),
    );

  const finish = (result: SubgraphResult, said: { accessToken?: string }, abandoned?: AbortSignal): SubgraphResult => ({
    ...result,
    ...(result.errors && {
      // What is wrong with an answer that nobody waits for is that it was cancelled.
      errors: result.errors.map((error) => describeError(error, abandoned?.aborted ? undefined : log)),
    }),
    ...(said.accessToken !== undefined && { extensions: { accessToken: said.accessToken } }),
  });

  return {
    execute: async (request) => {
      const { args, said } = begin(request);
      const { operation } = getOperationAST(args.document, args.operationName) ?? {};
      // Half a write helps nobody.
      const abandoned = operation === OperationTypeNode.QUERY ? request.signal : undefined;
      return inScope(request, async () => finish(await execute(args), said, abandoned), abandoned);
    },
    subscribe: (request) =>
      inScope(request, async () => {
        const { args, said } = begin(request);
        const opened = await subscribe(args);
        if (!(Symbol.asyncIterator in opened)) return finish(opened, said);
        // By hand: an async generator around the source would hold on to it until the next event after `return()`.
        const stream: AsyncIterableIterator<SubgraphResult> = {
          [Symbol.asyncIterator]: () => stream,
          next: () =>
            inScope(request, async (): Promise<IteratorResult<SubgraphResult, undefined>> => {
              const step = await opened.next();
              return step.done ? { done: true, value: undefined } : { done: false, value: finish(step.value, said) };
            }),
          return: async () => {
            await opened.return(undefined);
            return { done: true, value: undefined };
          },
        };
        return stream;
      }),
  };
}

/** An error as it may leave the subgraph: code and message of the table, nothing internal. Logs it, if at all, by the table's level. */
export function describeError(error: GraphQLError, log?: Log): GraphQLError {
  // A bad variable or argument: graphql-js wraps its own error once more.
  const inner = error.originalError instanceof GraphQLError ? error.originalError : undefined;
  const original = inner ? inner.originalError : error.originalError;
  const own = original instanceof Fault ? original : undefined;
  // Without an original error, graphql-js itself refused: before it ran anything, an argument (whose error says where it
  // stands), or what a resolver gave.
  const refusesInput = error.path === undefined || inner?.nodes !== undefined;
  const code = original === undefined ? (refusesInput ? 'BAD_USER_INPUT' : 'INTERNAL_ERROR') : codeOf(original);
  log?.[ERROR_KINDS[code].log]({ err: original ?? error, code, path: error.path?.join('.') }, 'operation failed');
  const message = own?.message ?? ERROR_KINDS[code].message;
  return new GraphQLError(message, {
    nodes: error.nodes,
    path: error.path,
    extensions: { code, ...(own?.details && { details: own.details }) },
  });
}
