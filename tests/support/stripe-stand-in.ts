/**
 * A server that answers as Stripe does, for the calls that Souk makes and for no others: an unknown address or parameter is an
 * error, so that a wrong call fails the test. It can be told to fail.
 */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { showMethod, StripeFault, StripeObjects, type Intent, type Params, type Refund } from './stripe-objects';

/**
 * How a request goes wrong. `lost`: it is carried out and the connection breaks before the answer. `unreached`: not carried out.
 * `broken`: an error 500 without effect, `brokenAfter`: with; both are kept for the idempotency key. `busy`: 429, not kept.
 */
export type Failure = 'lost' | 'unreached' | 'broken' | 'brokenAfter' | 'busy';

/** One request as it came in. */
export interface Asked {
  call: string;
  params: Params;
  idempotencyKey: string | null;
}

interface Answer {
  status: number;
  body: Record<string, unknown>;
  replayed?: boolean;
}

/** The stand-in, running. */
export interface StripeStandIn {
  url: string;
  apiKey: string;
  webhookSecret: string;
  objects: StripeObjects;
  /** Everything it was asked, in order. */
  asked: Asked[];
  /** The next `times` calls like this one go wrong. */
  fail(call: string, failure: Failure, times?: number): void;
  /** A day passes: no idempotency key is remembered. */
  forgetKeys(): void;
  /** A webhook, signed now or at another time, by the endpoint's secret or by another. */
  webhook(event: unknown, options?: { at?: Date; secret?: string }): { body: string; headers: Record<string, string> };
  stop(): Promise<void>;
}

const PAGES = ['limit', 'starting_after'];

/** Starts it on a free port. */
export async function startStripe(): Promise<StripeStandIn> {
  const [apiKey, webhookSecret] = ['sk_test_stand_in', 'whsec_stand_in'];
  const kept = new Map<string, { asked: string; answer: Answer | null }>();
  const failures: { call: string; failure: Failure }[] = [];
  const asked: Asked[] = [];
  let url = '';
  const objects = new StripeObjects(() => url);
  const show = (intent: Intent, params: Params) => objects.show(intent, expandedIn(params));

  /** Each call with the parameters it may have. */
  const calls: Record<string, { allowed: string[]; run(params: Params, id: string): Record<string, unknown> }> = {
    'POST /v1/payment_methods': { allowed: ['type', 'card[token]'], run: (params) => objects.createMethod(params) },
    'GET /v1/payment_methods/:id': { allowed: [], run: (_, id) => showMethod(objects.method(id)) },
    'POST /v1/payment_methods/:id/detach': { allowed: [], run: (_, id) => objects.detach(id) },
    'POST /v1/customers': {
      allowed: ['payment_method', 'metadata[souk_key]'],
      run: (params) => objects.createCustomer(params),
    },
    'POST /v1/payment_intents': {
      allowed: [
        ...['amount', 'currency', 'customer', 'payment_method', 'payment_method_types[0]'],
        ...['capture_method', 'metadata[souk_key]'],
      ],
      run: (params) => show(objects.createIntent(params), params),
    },
    'GET /v1/payment_intents': {
      allowed: ['created[gte]', 'created[lt]', 'expand[0]', 'expand[1]', ...PAGES],
      run: (params) => {
        const [from, to] = [Number(params['created[gte]'] ?? 0), Number(params['created[lt]'] ?? Infinity)];
        const found = objects.intents.filter(({ created }) => created >= from && created < to);
        return listed(found, params, (intent) => show(intent, params));
      },
    },
    'GET /v1/payment_intents/:id': {
      allowed: ['expand[0]', 'expand[1]'],
      run: (params, id) => show(objects.intent(id), params),
    },
    'POST /v1/payment_intents/:id/confirm': {
      allowed: ['return_url', 'expand[0]', 'expand[1]'],
      run: (params, id) => show(objects.confirm(id, params), params),
    },
    'POST /v1/payment_intents/:id/capture': { allowed: [], run: (params, id) => show(objects.capture(id), params) },
    'POST /v1/payment_intents/:id/cancel': { allowed: [], run: (params, id) => show(objects.cancel(id), params) },
    'POST /v1/refunds': {
      allowed: ['payment_intent', 'amount', 'metadata[souk_refund]'],
      run: (params) => showRefund(objects.refund(params)),
    },
    'GET /v1/refunds': {
      allowed: ['payment_intent', ...PAGES],
      run: (params) => {
        const { id } = objects.intent(params['payment_intent'] ?? '');
        const found = objects.refunds.filter(({ intent }) => intent === id);
        return listed(found, params, showRefund);
      },
    },
  };

  /** Carries it out, once for its key. */
  function carryOut(
    call: string,
    params: Params,
    idempotencyKey: string | null,
    id: string,
    failure?: Failure,
  ): Answer {
    const known = calls[call];
    if (!known) return error(404, { type: 'invalid_request_error', message: `Unrecognized request URL (${call}).` });
    const unknown = Object.keys(params).find((name) => !known.allowed.includes(name));
    if (unknown) return error(400, { type: 'invalid_request_error', code: 'parameter_unknown', param: unknown });
    if (call.startsWith('POST') && !idempotencyKey) {
      return error(400, { type: 'invalid_request_error', message: 'The stand-in wants an idempotency key.' });
    }
    if (failure === 'busy') return error(429, { type: 'invalid_request_error', code: 'rate_limit' });
    const run = (): Answer => {
      if (failure === 'broken') return error(500, { type: 'api_error' });
      const answer = answerOf(() => known.run(params, id));
      return failure === 'brokenAfter' ? error(500, { type: 'api_error' }) : answer;
    };
    if (!idempotencyKey) return run();
    const question = JSON.stringify([call, id, params]);
    const before = kept.get(idempotencyKey);
    if (before && before.asked !== question) return error(400, { type: 'idempotency_error' });
    if (before?.answer) return { ...before.answer, replayed: true };
    const answer = run();
    kept.set(idempotencyKey, { asked: question, answer });
    return answer;
  }

  const server = createServer((request, response) => {
    void (async () => {
      const { call, id, query } = place(request);
      const params = { ...query, ...paramsOf(await text(request)) };
      const idempotencyKey = header(request, 'idempotency-key');
      asked.push({ call, params, idempotencyKey });
      if (header(request, 'authorization') !== `Bearer ${apiKey}`) {
        send(response, error(401, { type: 'invalid_request_error', message: 'Invalid API Key provided.' }));
        return;
      }
      const index = failures.findIndex((failure) => failure.call === call);
      const [next] = index < 0 ? [] : failures.splice(index, 1);
      const answer = next?.failure === 'unreached' ? null : carryOut(call, params, idempotencyKey, id, next?.failure);
      if (answer === null || next?.failure === 'lost') response.destroy();
      else send(response, answer);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    ...{ url, apiKey, webhookSecret, objects, asked },
    fail: (call, failure, times = 1) => failures.push(...Array.from({ length: times }, () => ({ call, failure }))),
    forgetKeys: () => kept.clear(),
    webhook(event, { at = new Date(), secret = webhookSecret } = {}) {
      const body = JSON.stringify(event, null, 2);
      const time = Math.floor(at.getTime() / 1_000);
      const signature = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
      return { body, headers: { 'stripe-signature': `t=${time},v1=${signature}` } };
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function error(status: number, body: Record<string, unknown>): Answer {
  return { status, body: { error: { message: 'The stand-in says no.', ...body } } };
}

function answerOf(run: () => Record<string, unknown>): Answer {
  try {
    return { status: 200, body: run() };
  } catch (fault) {
    if (!(fault instanceof StripeFault)) throw fault;
    return { status: fault.status, body: { error: fault.body } };
  }
}

/** The call's name, with `:id` in place of an object's. */
function place(request: IncomingMessage): { call: string; id: string; query: Params } {
  const { pathname, search } = new URL(request.url ?? '/', 'http://stripe');
  const id = /^\/v1\/\w+\/([^/]+)/.exec(pathname)?.[1] ?? '';
  const name = id === '' ? pathname : pathname.replace(`/${id}`, '/:id');
  return { call: `${request.method} ${name}`, id, query: paramsOf(search) };
}

const paramsOf = (encoded: string): Params => Object.fromEntries(new URLSearchParams(encoded));

const expandedIn = (params: Params): string[] =>
  Object.entries(params)
    .filter(([name]) => name.startsWith('expand['))
    .map(([, value]) => value.replace(/^data\./, ''));

function listed<T extends { id: string }>(
  found: T[],
  params: Params,
  show: (item: T) => Record<string, unknown>,
): Record<string, unknown> {
  const after = found.findIndex(({ id }) => id === params['starting_after']) + 1;
  const limit = Number(params['limit'] ?? 10);
  const data = found.slice(after, after + limit).map(show);
  return { object: 'list', url: '/v1/list', data, has_more: found.length > after + limit };
}

function showRefund({ id, intent, amount, status, metadata }: Refund): Record<string, unknown> {
  return { id, object: 'refund', payment_intent: intent, amount, status, metadata };
}

const header = (request: IncomingMessage, name: string): string | null => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : null;
};

async function text(request: IncomingMessage): Promise<string> {
  request.setEncoding('utf8');
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}

function send(response: ServerResponse, { status, body, replayed }: Answer): void {
  const headers = { 'content-type': 'application/json', ...(replayed && { 'idempotent-replayed': 'true' }) };
  response.writeHead(status, headers).end(JSON.stringify(body));
}
