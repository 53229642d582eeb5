/** The sandbox as provider: the port over its HTTP API (docs/sandbox.md). It is a process of its own; see ../sandbox. */
import { timingSafeEqual } from 'node:crypto';
import { Pool } from 'undici';
import { z } from 'zod';
import { bigintText, dateText } from '../../../platform/commands/command';
import { noticeMac, SIGNATURE_HEADER } from '../sandbox/webhooks';
import {
  ProviderUnavailable,
  type AuthorizationAnswer,
  type PaymentProvider,
  type ProviderNotice,
  type ProviderState,
} from './provider';
import { PROVIDER_LIMIT_MS } from './resilient';

/** How old a webhook's signature may be, and how far ahead of our clock, in seconds. */
const TOLERANCE_SECONDS = 300;

const charge = z.object({
  key: z.string(),
  reference: z.string(),
  state: z.enum(['REQUIRES_ACTION', 'AUTHORIZED', 'DECLINED', 'CAPTURED', 'VOIDED']),
  amount: bigintText,
  capturedAmount: bigintText,
  refundedAmount: bigintText,
  currencyCode: z.string(),
  method: z.string(),
  reason: z.string().nullable(),
  action: z.object({ url: z.url(), expiresAt: dateText }).nullable(),
  createdAt: dateText,
});
const charges = z.object({ charges: z.array(charge) });
const card = z.object({
  reference: z.string(),
  brand: z.string(),
  last4: z.string(),
  expiryMonth: z.number().int(),
  expiryYear: z.number().int(),
});
const refusal = z.object({ error: z.string() });
const notice = z.object({
  id: z.string().min(1).max(255),
  type: z.string().min(1).max(255),
  key: z.string().max(255).nullable(),
  occurredAt: dateText,
});

/** Errors that say that we have asked in the wrong way. */
const DEFECTS: ReadonlySet<string> = new Set(['bad_request', 'not_found', 'bad_method', 'too_large', 'key_in_use']);

/** Where it is and what its webhooks are signed with. */
export interface SandboxSettings {
  url: string;
  webhookSecret: string;
}

/** Makes the provider; connects when it is first asked. */
export function createSandbox({ url, webhookSecret }: SandboxSettings): PaymentProvider {
  const pool = new Pool(url, { connections: 64 });

  /** Sends a request; gives the answer's body, decoded, or the error it was refused with. */
  async function send<Schema extends z.ZodType>(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    schema: Schema,
    body?: object,
  ): Promise<{ ok: z.output<Schema> } | { refused: string }> {
    const answer = await exchange(method, path, body);
    if (answer.status < 300) return { ok: decode(schema, answer.json) };
    const { error } = decode(refusal, answer.json);
    if (answer.status >= 500 || answer.status === 429) throw new ProviderUnavailable();
    if (DEFECTS.has(error)) throw new Error(`the sandbox does not understand us: ${error}`);
    return { refused: error };
  }

  /** Not reached, not in time, or not JSON: what it has done is not known. */
  async function exchange(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) {
    try {
      const answer = await pool.request({
        ...{ method, path },
        ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
        // Nobody waits any longer; the connection is free again.
        signal: AbortSignal.timeout(PROVIDER_LIMIT_MS),
      });
      const text = await answer.body.text();
      return { status: answer.statusCode, json: text === '' ? null : (JSON.parse(text) as unknown) };
    } catch (error) {
      throw new ProviderUnavailable({ cause: error });
    }
  }
  const at = (reference: string, act: string): string => `/charges/${encodeURIComponent(reference)}/${act}`;

  return {
    name: 'sandbox',

    async authorize({ amount, ...request }): Promise<AuthorizationAnswer> {
      const answer = await send('POST', '/charges', charge, { ...request, amount: amount.toString() });
      if ('refused' in answer) return { outcome: 'unknownToken' };
      const { reference, method, state, reason, action } = answer.ok;
      if (state === 'DECLINED') return { outcome: 'declined', reason };
      if (state === 'REQUIRES_ACTION' && action) return { outcome: 'requiresAction', reference, method, action };
      return { outcome: 'authorized', reference, method };
    },

    async find(key): Promise<ProviderState | null> {
      const answer = await send('GET', `/charges/by-key/${encodeURIComponent(key)}`, charge);
      return 'ok' in answer ? answer.ok : null;
    },

    async capture(reference) {
      const answer = await send('POST', at(reference, 'capture'), charge);
      return 'ok' in answer ? { outcome: 'captured' } : { outcome: 'failed', reason: answer.refused };
    },

    async void(reference) {
      const answer = await send('POST', at(reference, 'void'), charge);
      return { outcome: 'refused' in answer && answer.refused === 'captured' ? 'captured' : 'voided' };
    },

    async refund({ key, reference, amount }) {
      const answer = await send('POST', at(reference, 'refunds'), charge, { key, amount: amount.toString() });
      return { outcome: 'ok' in answer ? 'refunded' : 'failed' };
    },

    async saveCard(request) {
      const answer = await send('POST', '/cards', card, request);
      return 'ok' in answer ? answer.ok : null;
    },

    async forgetCard(reference) {
      await send('DELETE', `/cards/${encodeURIComponent(reference)}`, z.unknown());
    },

    async takenSince(from) {
      const answer = await send('GET', `/charges?since=${encodeURIComponent(from.toISOString())}`, charges);
      return 'ok' in answer ? answer.ok.charges : [];
    },

    readNotice: (body, headers, now) =>
      isSigned(webhookSecret, body, headers[SIGNATURE_HEADER] ?? '', now) ? decodeNotice(body) : null,
  };
}

function decode<Schema extends z.ZodType>(schema: Schema, json: unknown): z.output<Schema> {
  const decoded = schema.safeParse(json);
  if (!decoded.success) throw new ProviderUnavailable({ cause: decoded.error });
  return decoded.data;
}

/** Whether the header holds the sandbox's signature over this body, made a moment ago. */
function isSigned(secret: string, body: string, header: string, now: Date): boolean {
  const [, time = '', given = ''] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header) ?? [];
  if (time === '' || Math.abs(now.getTime() / 1_000 - Number(time)) > TOLERANCE_SECONDS) return false;
  // Equally long, by the pattern.
  return timingSafeEqual(Buffer.from(noticeMac(secret, time, body)), Buffer.from(given));
}

function decodeNotice(body: string): ProviderNotice | null {
  try {
    return notice.parse(JSON.parse(body));
  } catch {
    return null;
  }
}
