/** The sandbox's door: plain node:http, so that it is there in no time. The API is described in docs/sandbox.md. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { z } from 'zod';
import { Charges, Refusal } from './charges';
import { FaultPlan, faultSettings, LATE_MS } from './faults';
import { Ledger, type Charge } from './ledger';
import { approvalPage, PAGE_POLICY } from './page';
import { Webhooks } from './webhooks';

/** How to run it. */
export interface SandboxOptions {
  /** Where its ledger lies. */
  folder: string;
  host: string;
  port: number;
  /** Where buyers find its pages; undefined: where it listens. */
  pagesUrl?: string;
  /** Where what happens is told; null: nowhere. */
  webhookUrl: string | null;
  /** What webhooks are signed with. */
  webhookSecret: string;
  /** How long a buyer has to approve a payment, in milliseconds. */
  actionMs?: number;
}

/** How long a buyer has unless said otherwise. */
const ACTION_MS = 600_000;
const BODY_BYTES = 65_536;
/** Longer than clients keep their connections, so that none is closed under a request. */
const KEEP_ALIVE_MS = 60_000;

const name = z.string().min(1).max(255);
const amount = z.string().regex(/^\d{1,15}$/);
const BODIES = {
  charge: z.object({
    key: name,
    source: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('token'), token: z.string().max(255) }),
      z.object({ kind: z.literal('saved'), reference: name }),
    ]),
    amount,
    currencyCode: z.string().regex(/^[A-Z]{3}$/),
  }),
  refund: z.object({ key: name, amount }),
  card: z.object({ key: name, token: z.string().max(255) }),
  decision: z.object({
    approve: z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]),
  }),
};

/** What is sent back: JSON, or a page. `lateMs`: not before that. */
interface Answer {
  status: number;
  json?: unknown;
  html?: string;
  lateMs?: number;
}

interface Call {
  /** What the pattern has caught, decoded. */
  id: string;
  url: URL;
  body: unknown;
  /** Whether the body came from a form. */
  form: boolean;
}

interface Route {
  method: string;
  pattern: RegExp;
  /** Faults strike `money` and `look-up`; the buyer's page and what checkers use never fail. */
  kind: 'money' | 'look-up' | 'plain';
  handle(call: Call): Answer;
}

/** Starts it; resolves when it listens. `stop` lets go of port and ledger at once. */
export async function startSandbox(options: SandboxOptions): Promise<{ url: string; stop(): Promise<void> }> {
  const ledger = new Ledger(options.folder);
  const faults = new FaultPlan();
  faults.use(ledger.faults);
  const webhooks = new Webhooks(ledger, faults, { url: options.webhookUrl, secret: options.webhookSecret });
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  const url = `http://${host}:${options.port}`;
  const charges = new Charges(
    ledger,
    { pagesUrl: options.pagesUrl ?? url, actionMs: options.actionMs ?? ACTION_MS },
    (notice) => webhooks.add(notice),
  );
  const routes = routesOf(ledger, charges, faults);
  const server = createServer((request, response) => {
    answer(routes, faults, request).then(
      (given) => send(response, given),
      () => send(response, { status: 500, json: { error: 'internal' } }),
    );
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.listen({ port: options.port, host: options.host });
  await once(server, 'listening').catch((error: unknown) => {
    ledger.close();
    throw error;
  });
  webhooks.resume();
  return {
    url,
    async stop() {
      webhooks.close();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      ledger.close();
    },
  };
}

function routesOf(ledger: Ledger, charges: Charges, faults: FaultPlan): Route[] {
  const use = (settings: z.output<typeof faultSettings> | null): Answer => {
    ledger.add({ faults: settings });
    faults.use(settings);
    return { status: 200, json: settings ?? {} };
  };
  const ok = (charge: Charge, late = false): Answer => ({ status: 200, json: charge, lateMs: late ? LATE_MS : 0 });
  return [
    {
      ...{ method: 'POST', pattern: /^\/charges$/, kind: 'money' },
      handle({ body }) {
        const { charge, late } = charges.authorize(BODIES.charge.parse(body));
        return ok(charge, late);
      },
    },
    {
      ...{ method: 'GET', pattern: /^\/charges\/by-key\/([^/]+)$/, kind: 'look-up' },
      handle({ id }) {
        const charge = charges.byKey(id);
        return charge ? ok(charge) : { status: 404, json: { error: 'unknown_key' } };
      },
    },
    {
      ...{ method: 'GET', pattern: /^\/charges$/, kind: 'look-up' },
      handle({ url }) {
        const since = z.iso.datetime().parse(url.searchParams.get('since'));
        return { status: 200, json: { charges: charges.since(new Date(since)) } };
      },
    },
    {
      ...{ method: 'POST', pattern: /^\/charges\/([^/]+)\/capture$/, kind: 'money' },
      handle: ({ id }) => ok(charges.capture(id)),
    },
    {
      ...{ method: 'POST', pattern: /^\/charges\/([^/]+)\/void$/, kind: 'money' },
      handle: ({ id }) => ok(charges.void(id)),
    },
    {
      ...{ method: 'POST', pattern: /^\/charges\/([^/]+)\/refunds$/, kind: 'money' },
      handle: ({ id, body }) => ok(charges.refund(id, BODIES.refund.parse(body))),
    },
    {
      ...{ method: 'POST', pattern: /^\/cards$/, kind: 'money' },
      handle: ({ body }) => ({ status: 200, json: charges.saveCard(BODIES.card.parse(body)) }),
    },
    {
      ...{ method: 'DELETE', pattern: /^\/cards\/([^/]+)$/, kind: 'money' },
      handle({ id }) {
        charges.forgetCard(id);
        return { status: 204 };
      },
    },
    {
      ...{ method: 'GET', pattern: /^\/3ds\/([^/]+)$/, kind: 'plain' },
      handle({ id }) {
        const charge = charges.find(id);
        return { status: charge ? 200 : 404, html: approvalPage(charge, new Date()) };
      },
    },
    {
      ...{ method: 'POST', pattern: /^\/3ds\/([^/]+)$/, kind: 'plain' },
      handle({ id, body, form }) {
        const { approve } = BODIES.decision.parse(body);
        if (!form) return ok(charges.decide(id, approve));
        try {
          charges.decide(id, approve);
        } catch (error) {
          if (!(error instanceof Refusal)) throw error; // the page says why
        }
        const charge = charges.find(id);
        return { status: charge ? 200 : 404, html: approvalPage(charge, new Date()) };
      },
    },
    {
      ...{ method: 'GET', pattern: /^\/ledger$/, kind: 'plain' },
      handle: () => ({ status: 200, json: charges.everything() }),
    },
    {
      ...{ method: 'PUT', pattern: /^\/faults$/, kind: 'plain' },
      handle: ({ body }) => use(faultSettings.parse(body)),
    },
    { ...{ method: 'DELETE', pattern: /^\/faults$/, kind: 'plain' }, handle: () => use(null) },
    {
      ...{ method: 'GET', pattern: /^\/health$/, kind: 'plain' },
      handle: () => ({ status: 200, json: { status: 'ok' } }),
    },
  ];
}

async function answer(routes: readonly Route[], faults: FaultPlan, request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://sandbox');
  const at = routes.filter(({ pattern }) => pattern.test(url.pathname));
  const route = at.find(({ method }) => method === request.method);
  if (!route) return { status: at.length > 0 ? 405 : 404, json: { error: at.length > 0 ? 'bad_method' : 'not_found' } };
  const text = await read(request);
  if (text === null) return { status: 413, json: { error: 'too_large' } };
  const form = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;
  const fault = route.kind === 'plain' ? null : faults.forCall(route.kind === 'money');
  const refusal = fault?.refuseWith;
  if (refusal) return { status: refusal, json: { error: 'fault' }, lateMs: fault.lateMs };
  const work = (): Answer => {
    try {
      const id = decodeURIComponent(route.pattern.exec(url.pathname)?.[1] ?? '');
      return route.handle({ id, url, form, body: form ? Object.fromEntries(new URLSearchParams(text)) : json(text) });
    } catch (error) {
      if (error instanceof Refusal) return { status: error.status, json: { error: error.code } };
      if (error instanceof z.ZodError || error instanceof SyntaxError || error instanceof URIError) {
        return { status: 400, json: { error: 'bad_request' } };
      }
      throw error;
    }
  };
  // Carried out twice: only the second time is answered.
  if (fault?.twice) work();
  const given = work();
  return { ...given, lateMs: Math.max(given.lateMs ?? 0, fault?.lateMs ?? 0) };
}

const json = (text: string): unknown => (text === '' ? undefined : JSON.parse(text));

/** Null: too large. */
async function read(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

async function send(response: ServerResponse, { status, json: value, html, lateMs = 0 }: Answer): Promise<void> {
  // Unreferenced: an answer nobody waits for any more does not keep the process.
  if (lateMs >= 1) await new Promise((resolve) => setTimeout(resolve, lateMs).unref());
  if (html !== undefined) {
    response.writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': PAGE_POLICY,
      'cache-control': 'no-store',
    });
    response.end(html);
    return;
  }
  response.writeHead(status, { 'content-type': 'application/json', ...(status === 429 && { 'retry-after': '1' }) });
  response.end(status === 204 ? undefined : JSON.stringify(value));
}
