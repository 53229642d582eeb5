/** The HTTP door of a subgraph that runs in a process of its own. Answers nobody who cannot sign. */
import { once } from 'node:events';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { register } from 'prom-client';
import { z } from 'zod';
import type { RequestSigner, VerifiedRequest } from '../auth/signature';
import type { LocalDispatch } from '../commands/client';
import type { SubgraphName } from '../config';
import { codeOf, ERROR_KINDS, Fault, type ErrorCode } from '../errors';
import type { Log } from '../log';
import type { SubgraphEndpoint, SubgraphRequest } from './endpoint';

const graphRequest = z.object({
  query: z.string().min(1),
  variables: z.record(z.string(), z.unknown()).nullish(),
  operationName: z.string().nullish(),
});
const commandRequest = z.object({ input: z.unknown() });

/** Pause between empty lines on an idle stream: tells both ends that the other is there, in milliseconds. */
const HEARTBEAT_MS = 10_000;

/** What the door leads to. */
export interface SubgraphDoor {
  /** The subgraph's name: only what is signed for it comes in. */
  name: SubgraphName;
  endpoint: SubgraphEndpoint;
  commandNames: ReadonlySet<string>;
  dispatch: LocalDispatch;
  signer: RequestSigner;
  log: Log;
  /** Whether the process is ready: its database answers, it is not shutting down. */
  ready(): Promise<boolean>;
}

/** Makes the server; the caller listens and closes. */
export function createSubgraphServer(door: SubgraphDoor): FastifyInstance {
  const server = Fastify({ logger: false, bodyLimit: 4 * 1_048_576, forceCloseConnections: 'idle' });
  // The exact bytes are signed, so bodies stay text until the signature is checked.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  server.setErrorHandler((error, _request, reply) => refuse(reply, codeOf(error), error));

  const verified = (request: FastifyRequest): VerifiedRequest & { body: unknown } => {
    const body = typeof request.body === 'string' ? request.body : '';
    const { method, url: path, headers } = request;
    const sender = door.signer.verify({ to: door.name, method, path, body, headers });
    return { ...sender, body: JSON.parse(body) };
  };

  const subgraphRequest = (request: FastifyRequest, reply: FastifyReply): SubgraphRequest => {
    const { principal, requestId, clientAddress, body } = verified(request);
    const { query, variables, operationName } = graphRequest.parse(body);
    const gone = new AbortController();
    reply.raw.on('close', () => gone.abort());
    return {
      query,
      variables: variables ?? undefined,
      operationName: operationName ?? undefined,
      principal,
      requestId,
      clientAddress,
      signal: gone.signal,
    };
  };

  server.post('/graphql', (request, reply) => door.endpoint.execute(subgraphRequest(request, reply)));

  server.post('/graphql/stream', async (request, reply) => {
    const opened = await door.endpoint.subscribe(subgraphRequest(request, reply));
    if (!(Symbol.asyncIterator in opened)) return opened;
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'content-type': 'application/x-ndjson' }).flushHeaders();
    const heartbeat = setInterval(() => raw.write('\n'), HEARTBEAT_MS);
    raw.on('close', () => void opened.return?.());
    try {
      for (let step = await opened.next(); !step.done; step = await opened.next()) {
        if (!raw.write(`${JSON.stringify(step.value)}\n`)) await Promise.race([once(raw, 'drain'), once(raw, 'close')]);
      }
    } catch (error) {
      door.log.warn({ err: error }, 'stream failed');
      raw.destroy(); // a clean end would look like the end of the stream; a cut tells the gateway to report an outage
    } finally {
      clearInterval(heartbeat);
      raw.end();
    }
    return reply;
  });

  server.post<{ Params: { name: string } }>('/commands/:name', async (request, reply) => {
    const { principal, requestId, body } = verified(request);
    if (!door.commandNames.has(request.params.name)) throw new Fault('NOT_FOUND', 'There is no such command.');
    const { input } = commandRequest.parse(body);
    const output = await door.dispatch(request.params.name, input, { principal, requestId });
    return reply.type('application/json').send(JSON.stringify(output ?? null));
  });

  server.get('/health/live', () => ({ status: 'live' }));
  server.get('/health/ready', async (_request, reply) => {
    const ready = await door.ready();
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready' });
  });
  server.get('/metrics', async (_request, reply) => reply.type(register.contentType).send(await register.metrics()));

  function refuse(reply: FastifyReply, code: ErrorCode, error: unknown): FastifyReply {
    door.log[ERROR_KINDS[code].log]({ err: error, code }, 'request refused');
    const status =
      code === 'UNAUTHENTICATED' ? 401 : code === 'SERVICE_UNAVAILABLE' ? 503 : code === 'INTERNAL_ERROR' ? 500 : 400;
    return reply
      .code(status)
      .send({ code, message: error instanceof Fault ? error.message : ERROR_KINDS[code].message });
  }
  return server;
}
