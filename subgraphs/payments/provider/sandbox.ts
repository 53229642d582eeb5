/**
 * The sandbox: a provider that moves no money and keeps a ledger of its own, so that what it was asked for survives the process.
 * Its tokens are documented in docs/sandbox.md.
 */
import { newUuid } from '../../../platform/ids';
import type { Database } from '../../../platform/db/database';
import { ProviderUnavailable, type AuthorizationAnswer, type PaymentProvider, type ProviderState } from './provider';

/** What each token does. */
const TOKENS: Record<
  string,
  { method: string; does: 'succeed' | 'decline' | 'answerLate' | 'failOnce' | 'failCapture'; reason?: string }
> = {
  tok_visa: { method: 'visa', does: 'succeed' },
  tok_mastercard: { method: 'mastercard', does: 'succeed' },
  tok_declined: { method: 'visa', does: 'decline', reason: 'card_declined' },
  tok_insufficient_funds: { method: 'visa', does: 'decline', reason: 'insufficient_funds' },
  tok_timeout: { method: 'visa', does: 'answerLate' },
  tok_error_once: { method: 'visa', does: 'failOnce' },
  tok_capture_fails: { method: 'visa', does: 'failCapture' },
};

/** How late `tok_timeout` answers, in milliseconds: later than any client's limit. */
const LATE_MS = 5_000;

interface ChargeRow {
  reference: string;
  token: string;
  state: 'ERRORED' | ProviderState['state'];
}

/** Makes the sandbox over its own tables. */
export function createSandbox(db: Database): PaymentProvider {
  const chargeBy = async (column: 'key' | 'reference', value: string): Promise<ChargeRow | undefined> =>
    (await db.rows<ChargeRow>(`SELECT reference, token, state FROM sandbox_charge WHERE ${column} = $1`, [value]))[0];

  return {
    name: 'sandbox',

    async authorize({ key, token, amount, currencyCode }): Promise<AuthorizationAnswer> {
      const behaviour = TOKENS[token];
      if (!behaviour) return { outcome: 'unknownToken' };
      const { does } = behaviour;
      const first = does === 'decline' ? 'DECLINED' : does === 'failOnce' ? 'ERRORED' : 'AUTHORIZED';
      const [fresh] = await db.rows<ChargeRow>(
        `INSERT INTO sandbox_charge (key, reference, token, amount, currency_code, state) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (key) DO NOTHING RETURNING reference, token, state`,
        [key, newUuid(), token, amount, currencyCode, first],
      );
      if (fresh?.state === 'ERRORED') throw new ProviderUnavailable();
      if (!fresh && does === 'failOnce') {
        await db.rows(`UPDATE sandbox_charge SET state = 'AUTHORIZED' WHERE key = $1 AND state = 'ERRORED'`, [key]);
      }
      const charge = fresh ?? (await chargeBy('key', key));
      if (!charge) throw new ProviderUnavailable();
      if (fresh && does === 'answerLate') await new Promise((resolve) => setTimeout(resolve, LATE_MS).unref());
      if (charge.state === 'DECLINED') return { outcome: 'declined', reason: behaviour.reason ?? null };
      return { outcome: 'authorized', reference: charge.reference, method: behaviour.method };
    },

    async find(key): Promise<ProviderState | null> {
      const charge = await chargeBy('key', key);
      if (!charge || charge.state === 'ERRORED') return null;
      const behaviour = TOKENS[charge.token];
      return {
        reference: charge.reference,
        state: charge.state,
        method: behaviour?.method ?? 'card',
        reason: behaviour?.reason ?? null,
      };
    },

    async capture(reference) {
      const charge = await chargeBy('reference', reference);
      if (!charge) return { outcome: 'failed', reason: 'unknown_charge' };
      if (TOKENS[charge.token]?.does === 'failCapture') return { outcome: 'failed', reason: 'capture_failed' };
      const rows = await db.rows(
        `UPDATE sandbox_charge SET state = 'CAPTURED' WHERE reference = $1 AND state IN ('AUTHORIZED', 'CAPTURED') RETURNING 1`,
        [reference],
      );
      return changed(rows) ? { outcome: 'captured' } : { outcome: 'failed', reason: 'not_authorized' };
    },

    async void(reference) {
      const rows = await db.rows(
        `UPDATE sandbox_charge SET state = 'VOIDED' WHERE reference = $1 AND state IN ('AUTHORIZED', 'VOIDED') RETURNING 1`,
        [reference],
      );
      return { outcome: changed(rows) ? 'voided' : 'captured' };
    },

    refund: ({ key, reference, amount }) =>
      db.transaction(async (tx) => {
        const fresh: unknown[] = await tx.query(
          'INSERT INTO sandbox_refund (key, reference, amount) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING RETURNING 1',
          [key, reference, amount],
        );
        if (fresh.length === 0) return { outcome: 'refunded' };
        const rows: unknown = await tx.query(
          `UPDATE sandbox_charge SET refunded = refunded + $2
           WHERE reference = $1 AND state = 'CAPTURED' AND refunded + $2 <= amount RETURNING 1`,
          [reference, amount],
        );
        if (changed(rows)) return { outcome: 'refunded' };
        await tx.query('DELETE FROM sandbox_refund WHERE key = $1', [key]);
        return { outcome: 'failed' };
      }),
  };
}

/** Whether an UPDATE … RETURNING through TypeORM hit a row: it answers `[rows, count]`. */
function changed(result: unknown): boolean {
  return Array.isArray(result) && Array.isArray(result[0]) && result[0].length > 0;
}
