import type { MigrationInterface, QueryRunner } from 'typeorm';

/** News from the provider, payments in doubt, and how far the provider's own list was read. */
export class CreatePaymentNotices1700000000030 implements MigrationInterface {
  name = 'CreatePaymentNotices1700000000030';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE payment_notice (
        provider text NOT NULL,
        event_id text NOT NULL,
        type text NOT NULL,
        -- the order's uuid; null: about nothing of ours
        key uuid,
        occurred_at timestamptz(3) NOT NULL,
        received_at timestamptz(3) NOT NULL DEFAULT now(),
        -- when it is looked at next, or nobody else's until then; null: done, given up, or about nothing of ours
        due_at timestamptz(3),
        applied_at timestamptz(3),
        PRIMARY KEY (provider, event_id)
      )`);
    await queryRunner.query(
      'CREATE INDEX payment_notice_due ON payment_notice (provider, due_at) WHERE due_at IS NOT NULL',
    );
    await queryRunner.query('CREATE INDEX payment_notice_key ON payment_notice (key) WHERE due_at IS NOT NULL');
    await queryRunner.query('CREATE INDEX payment_notice_received ON payment_notice (received_at)');
    // look_up_at: when the provider is asked what became of it; null: after the last attempt, or there is nothing to ask
    await queryRunner.query(
      'ALTER TABLE payment ADD COLUMN look_up_at timestamptz(3), ADD COLUMN look_ups integer NOT NULL DEFAULT 0',
    );
    await queryRunner.query(`
      CREATE INDEX payment_look_up ON payment (coalesce(look_up_at, attempted_at))
      WHERE status IN ('PENDING', 'REQUIRES_ACTION') OR look_up_at IS NOT NULL`);
    await queryRunner.query(`
      CREATE TABLE provider_checkpoint (
        provider text PRIMARY KEY,
        -- everything the provider took up to here has been looked at
        seen_until timestamptz(3) NOT NULL,
        due_at timestamptz(3) NOT NULL
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE provider_checkpoint, payment_notice');
    await queryRunner.query('ALTER TABLE payment DROP COLUMN look_up_at, DROP COLUMN look_ups');
  }
}
