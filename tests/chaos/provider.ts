/** The payment provider of a run: how it is made to fail, and the second ledger, which it keeps by itself. */
import { z } from 'zod';
import type { ProviderLedger } from './ledgers';

/** Probabilities of what goes wrong with its calls. */
export interface ProviderFaults {
  /** Does it, and answers too late. */
  timeout: number;
  /** Answers with an error without doing anything; the second as if asked too often. */
  error: number;
  tooMany: number;
  /** Carries the same request out twice. */
  duplicate: number;
  /** Its webhooks: sent twice, never sent; more than 0: all thrown about by up to a second. */
  webhookTwice: number;
  webhookLost: number;
  webhookShuffled: number;
}

/** Lets it fail like that from now on; null: no more. */
export async function setFaults(url: string, faults: ProviderFaults | null, seed: number): Promise<void> {
  expectOk(await fetch(`${url}/faults`, faults ? { method: 'PUT', ...bodyOf(faults, seed) } : { method: 'DELETE' }));
}

function bodyOf(faults: ProviderFaults, seed: number) {
  const { timeout, error, tooMany, duplicate, webhookTwice, webhookLost, webhookShuffled } = faults;
  const webhooks = { duplicate: webhookTwice, drop: webhookLost, shuffle: webhookShuffled > 0 };
  const body = { chargeThenTimeout: timeout, error, tooManyRequests: tooMany, duplicate, webhooks, seed };
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

const minor = z.string().transform(BigInt);
const ledger = z.object({
  charges: z.array(
    z
      .object({
        key: z.string(),
        reference: z.string(),
        state: z.enum(['REQUIRES_ACTION', 'AUTHORIZED', 'DECLINED', 'CAPTURED', 'VOIDED']),
        amount: minor,
        refundedAmount: minor,
      })
      .transform(({ refundedAmount: refunded, ...charge }) => ({ ...charge, refunded })),
  ),
  refunds: z.array(z.object({ key: z.string(), reference: z.string(), amount: minor })),
});

/** Everything it did. */
export async function readProvider(url: string): Promise<ProviderLedger> {
  const answer = await fetch(`${url}/ledger`);
  expectOk(answer);
  return ledger.parse(await answer.json());
}

function expectOk({ ok, status }: Response): void {
  if (!ok) throw new Error(`the payment provider answered ${status}`);
}
