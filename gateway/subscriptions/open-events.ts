/** Opens the stream of events a subscription lives on, at the subgraph that owns its root field. */
import type { FetchNode } from '@apollo/query-planner';
import { GraphQLError } from 'graphql';
import type { SubgraphEndpoint, SubgraphRequest, SubgraphResult } from '../../platform/graph/endpoint';
import { missingPaths } from '../missing-paths';
import { untilAborted } from '../shared-fetches';

/** Results of the primary fetch, one for each event. */
export type Events = AsyncIterableIterator<SubgraphResult>;

/**
 * Opens it, until `signal` aborts; aborting later cuts it. Rejects with an AggregateError: of the errors of a subgraph that
 * refuses, marked as the gateway library marks those of fetches, or of one at the root field if it cannot be reached.
 */
export async function openEvents(
  endpoint: SubgraphEndpoint,
  primary: FetchNode,
  client: Pick<SubgraphRequest, 'variables' | 'principal' | 'requestId'> & { signal: AbortSignal },
): Promise<Events> {
  const { operation: query, operationDocumentNode: document, operationName } = primary;
  const variables = pick(client.variables ?? {}, primary.variableUsages ?? []);
  const path = document && missingPaths(document, variables)[0]?.slice(0, 1);
  const opening = endpoint.subscribe({ ...client, query, document, operationName, variables });
  const refused = (errors: GraphQLError[]): AggregateError =>
    new AggregateError(errors, 'The subscription was refused.');
  let opened: Events | SubgraphResult;
  try {
    opened = await untilAborted(opening, client.signal);
  } catch (error) {
    // It may still be opened, with nobody there to read it.
    opening.then(
      (late) => isStream(late) && void late.return?.(),
      () => undefined,
    );
    const originalError = error instanceof Error ? error : undefined;
    throw refused([new GraphQLError('The subscription could not be opened.', { path, originalError })]);
  }
  if (isStream(opened)) return opened;
  const extensions = { serviceName: primary.serviceName };
  const errors = (opened.errors ?? []).map(
    (error) =>
      new GraphQLError(error.message, { path: error.path ?? path, extensions: { ...error.extensions, ...extensions } }),
  );
  throw refused(errors.length > 0 ? errors : [new GraphQLError('The subgraph gave no reason.', { path, extensions })]);
}

function pick(variables: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    names.filter((name) => variables[name] !== undefined).map((name) => [name, variables[name]]),
  );
}

function isStream(opened: Events | SubgraphResult): opened is Events {
  return Symbol.asyncIterator in opened;
}
