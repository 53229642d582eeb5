import { IdempotencyMigration } from '../../../platform/db/idempotency';

/** Remembered keys of mutations. */
export class CreateIdempotency1763700000000 extends IdempotencyMigration {
  name = 'CreateIdempotency1763700000000';
}
