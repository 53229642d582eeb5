/**
 * A subgraph of somebody else, as any GraphQL server over HTTP: unsigned, with nothing of the client's headers, and errors
 * under whatever status.
 */
import { GraphQLError } from 'graphql';
import { Agent, request as send } from 'undici';
import { z } from 'zod';
import { Fault } from '../platform/errors';
import type { SubgraphResult } from '../platform/graph/endpoint';
import type { Log } from '../platform/log';
import { ANSWER_MS, onceMoreIfClosed, type RemoteEndpoint } from './remote-endpoint';

/** Connections to one origin, at most. */
const CONNECTIONS = 32;

/**
 * Many servers write null where others leave a field out. Of an error's extensions only the code is taken: Apollo
 * Server would obey `http` and give our own answer the status in it.
 */
const errorSchema = z.object({
  message: z.string(),
  path: z.array(z.union([z.string(), z.number()])).nullish(),
  extensions: z.object({ code: z.string().optional().catch(undefined) }).nullish(),
});

/** An answer without data has to say why: an empty one would leave holes in ours that nobody explains. */
const answerSchema = z
  .object({ data: z.record(z.string(), z.unknown()).nullish(), errors: z.array(errorSchema).nullish() })
  .refine(({ data, errors }) => data || errors?.length, 'neither data nor errors');

/** Makes the endpoint of the subgraph at `url`. Connects when first used. */
export function createPlainEndpoint(url: string, log: Log): RemoteEndpoint {
  // Nobody waits longer for an answer, and writes are not aborted: without these a hung one would keep us from stopping.
  const dispatcher = new Agent({ connections: CONNECTIONS, headersTimeout: ANSWER_MS, bodyTimeout: ANSWER_MS });
  return {
    execute: async (request) => {
      const { query, variables, operationName, signal } = request;
      try {
        const response = await onceMoreIfClosed(request, () =>
          send(url, {
            dispatcher,
            method: 'POST',
            headers: { 'content-type': 'application/json', accept: 'application/json' },
            body: JSON.stringify({ query, variables, operationName }),
            signal,
          }),
        );
        return decode(await response.body.json());
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        log.warn({ err: error, url }, 'subgraph not reached');
        throw new Fault('SERVICE_UNAVAILABLE', undefined, undefined, { cause: error });
      }
    },
    subscribe: () => Promise.reject(new Fault('INVALID_REQUEST', 'Subscriptions are not offered here.')),
    close: () => dispatcher.close(),
  };
}

/** Throws if it is no answer. */
function decode(value: unknown): SubgraphResult {
  const { data, errors } = answerSchema.parse(value);
  return {
    data,
    errors: errors?.map(({ message, path, extensions }) => new GraphQLError(message, { path, extensions })),
  };
}
