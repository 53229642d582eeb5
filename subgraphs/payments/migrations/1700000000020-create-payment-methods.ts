import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Cards that buyers keep for later, and payments made with them. */
export class CreatePaymentMethods1700000000020 implements MigrationInterface {
  name = 'CreatePaymentMethods1700000000020';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE payment_method (
        id uuid PRIMARY KEY,
        owner_kind text NOT NULL CHECK (owner_kind = 'user'),
        owner_id uuid NOT NULL,
        provider text NOT NULL,
        -- what the provider calls the card; whoever has it can charge
        sealed_reference text NOT NULL,
        brand text NOT NULL,
        last4 text NOT NULL CHECK (last4 ~ '^[0-9]{4}$'),
        expiry_month smallint NOT NULL CHECK (expiry_month BETWEEN 1 AND 12),
        expiry_year smallint NOT NULL,
        created_at timestamptz(3) NOT NULL,
        -- deleted by its owner; the row goes when the provider has forgotten the card
        deleted_at timestamptz(3)
      )`);
    await queryRunner.query(
      'CREATE INDEX payment_method_owner ON payment_method (owner_id, id) WHERE deleted_at IS NULL',
    );
    await queryRunner.query(
      'CREATE INDEX payment_method_deleted ON payment_method (deleted_at) WHERE deleted_at IS NOT NULL',
    );
    // What sealed_token holds: a token, or what the provider calls a saved card.
    await queryRunner.query(
      `ALTER TABLE payment ADD COLUMN source_kind text NOT NULL DEFAULT 'token' CHECK (source_kind IN ('token', 'saved'))`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE payment DROP COLUMN source_kind');
    await queryRunner.query('DROP TABLE payment_method');
  }
}
