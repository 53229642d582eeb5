import { IdempotencyMigration } from '../../../platform/db/idempotency';

/** Keys of placeOrder, cancelOrder and shipOrder. */
export class CreateIdempotency1700000000001 extends IdempotencyMigration {
  name = 'CreateIdempotency1700000000001';
}
