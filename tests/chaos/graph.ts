/** The graph as a client meets it while parts of the shop die: an answer, or none. */
import { Pool } from 'undici';
import { z } from 'zod';

/** One error that a client can do something about. */
export interface Refusal {
  code: string;
  retryable: boolean;
}

/** The field asked for: its object, or why there is none. */
export interface Answer {
  object: Record<string, unknown> | null;
  refusals: Refusal[];
}

/** No answer that tells what happened: broken connection, time limit, or an error of the shop. */
export class NoAnswer extends Error {
  constructor(readonly code: string) {
    super(`no answer: ${code}`);
    this.name = 'NoAnswer';
  }
}

const userError = z
  .object({
    __typename: z.string().optional(),
    code: z.string(),
    details: z.object({ retryable: z.boolean() }).partial().nullish(),
  })
  .transform(({ __typename, code, details }): Refusal => {
    // Other errors of the input have the same code, and this one is what a buyer has to expect.
    return { code: __typename === 'PromoCodeError' ? 'PROMO_CODE' : code, retryable: details?.retryable ?? false };
  });
const payload = z.looseObject({ userErrors: z.array(userError).default([]) });
const answer = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z.array(z.object({ extensions: z.object({ code: z.string() }) })).nullish(),
});

/** Milliseconds a client waits: longer than the shop ever takes by its own rules. */
const PATIENCE_MS = 15_000;

/** A client of the gateway. */
export class Graph {
  private readonly pool: Pool;

  constructor(url: string) {
    this.pool = new Pool(url, {
      connections: 64,
      pipelining: 1,
      headersTimeout: PATIENCE_MS,
      bodyTimeout: PATIENCE_MS,
    });
  }

  /** All data of an operation; throws {@link NoAnswer} at the first error. `dropAfterMs`: the client hangs up then. */
  async data(
    query: string,
    variables: Record<string, unknown>,
    options: { token?: string; dropAfterMs?: number } = {},
  ): Promise<Record<string, unknown>> {
    const { token, dropAfterMs } = options;
    const text = await this.send(JSON.stringify({ query, variables }), token, dropAfterMs);
    const parsed = answer.safeParse(text);
    if (!parsed.success) throw new NoAnswer('NOT_THE_GRAPH');
    const [error] = parsed.data.errors ?? [];
    if (error) throw new NoAnswer(error.extensions.code);
    return parsed.data.data ?? {};
  }

  /** One mutation: the object `of` its payload, and its user errors. */
  async mutate(
    name: string,
    of: string,
    query: string,
    input: Record<string, unknown>,
    options: { token?: string; dropAfterMs?: number } = {},
  ): Promise<Answer> {
    const data = await this.data(query, { input }, options);
    const found = payload.safeParse(data[name]);
    if (!found.success) throw new NoAnswer('EMPTY');
    const object = z.record(z.string(), z.unknown()).nullish().parse(found.data[of]) ?? null;
    return { object, refusals: found.data.userErrors };
  }

  close(): Promise<void> {
    return this.pool.destroy();
  }

  private async send(body: string, token: string | undefined, dropAfterMs: number | undefined): Promise<unknown> {
    try {
      const response = await this.pool.request({
        method: 'POST',
        path: '/graphql',
        headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
        body,
        signal: dropAfterMs === undefined ? undefined : AbortSignal.timeout(dropAfterMs),
      });
      return await response.body.json();
    } catch {
      throw new NoAnswer(dropAfterMs === undefined ? 'NO_CONNECTION' : 'DROPPED');
    }
  }
}
