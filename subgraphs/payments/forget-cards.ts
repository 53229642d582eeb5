/** Has the provider forget cards that their owners have deleted. */
import type { PaymentServices } from './payment.services';
import { ProviderUnavailable } from './provider/provider';

/** Age at which a deleted card counts as left behind, in milliseconds. */
const RETRY_AFTER_MS = 5_000;

/** Forgets a deleted card, there and then here; false: the provider is down. */
export async function forgetCard({ db, provider, sealer, log }: PaymentServices, id: string): Promise<boolean> {
  const mine = 'id = $1 AND provider = $2 AND deleted_at IS NOT NULL';
  try {
    const [card] = await db.rows<{ sealed: string }>(
      `SELECT sealed_reference AS sealed FROM payment_method WHERE ${mine}`,
      [id, provider.name],
    );
    if (card) await provider.forgetCard(sealer.open(card.sealed));
    await db.rows(`DELETE FROM payment_method WHERE ${mine}`, [id, provider.name]);
  } catch (error) {
    if (error instanceof ProviderUnavailable) return false;
    // One that can not be forgotten must not keep those behind it waiting.
    log.error({ err: error, paymentMethodId: id }, 'a deleted card could not be forgotten');
  }
  return true;
}

/** A job: those that an outage or a crash left behind. */
export async function forgetCards(services: PaymentServices): Promise<void> {
  const left = await services.db.rows<{ id: string }>(
    `SELECT id FROM payment_method WHERE deleted_at < $1 AND provider = $2 ORDER BY deleted_at LIMIT 100`,
    [new Date(services.clock.now().getTime() - RETRY_AFTER_MS), services.provider.name],
  );
  // Down: the others would fail as well.
  for (const { id } of left) if (!(await forgetCard(services, id))) return;
}
