/** What payments holds of a user: it is handed over on demand, and forgotten. */
import { eraseUser } from '../../../platform/erasures';
import { toId } from '../../../platform/ids';
import { formatMinor } from '../../../platform/money';
import { defineConsumer } from '../../../platform/outbox';
import { addPersonalData } from '../../../platform/personal-data';
import { dataExportRequested, userErased } from '../../accounts/messages';
import { methodsOfUsers } from '../payment-method.rows';
import type { PaymentServices } from '../payment.services';
import { erasePayments } from './erase-payments';

/** Payments, and refunds, in an export: the newest. */
const MOST_EXPORTED = 1_000;

/** Answers with the user's saved cards, as far as the shop knows them, payments and refunds. */
export const exportPayments = defineConsumer({
  queue: 'payments.data-export',
  events: [dataExportRequested],
  async apply(tx, { id, payload }, services: PaymentServices) {
    const { exportId, userId } = payload;
    const cards = await methodsOfUsers(tx, [userId]);
    const payments: { orderId: string; amount: string; currencyCode: string }[] = await tx.query(
      `SELECT order_id AS "orderId", status, amount, currency_code AS "currencyCode", method, created_at AS "createdAt"
       FROM payment WHERE owner_kind = 'user' AND owner_id = $1 ORDER BY created_at DESC LIMIT ${MOST_EXPORTED}`,
      [userId],
    );
    const refunds: { orderId: string; amount: string; currencyCode: string; reason: string | null }[] = await tx.query(
      `SELECT p.order_id AS "orderId", r.status, r.amount, p.currency_code AS "currencyCode", r.reason, r.created_at AS "createdAt"
       FROM refund r JOIN payment p ON p.id = r.payment_id
       WHERE p.owner_kind = 'user' AND p.owner_id = $1 ORDER BY r.created_at DESC LIMIT ${MOST_EXPORTED}`,
      [userId],
    );
    const data = {
      savedCards: cards.map(({ brand, last4, expiryMonth, expiryYear, createdAt }) => {
        return { brand, last4, expiryMonth, expiryYear, createdAt };
      }),
      payments: payments.map((payment) => ({
        ...payment,
        orderId: toId('ord', payment.orderId),
        amount: formatMinor(BigInt(payment.amount), payment.currencyCode),
      })),
      refunds: refunds.map((refund) => ({
        ...refund,
        orderId: toId('ord', refund.orderId),
        amount: formatMinor(BigInt(refund.amount), refund.currencyCode),
        reason: refund.reason === null ? null : services.sealer.open(refund.reason),
      })),
    };
    await addPersonalData(tx, services, { exportId, holder: 'payments', data, cause: id });
  },
});

/** Forgets cards and words of the user and of the user's API clients. */
export const eraseUserPayments = defineConsumer({
  queue: 'payments.user-erased',
  events: [userErased],
  apply: (tx, { payload }, services: PaymentServices) => eraseUser(tx, services, payload, erasePayments),
});
