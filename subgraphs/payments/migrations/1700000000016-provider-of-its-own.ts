import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The sandbox keeps its ledger itself; a payment remembers where its buyer must go to approve it. */
export class ProviderOfItsOwn1700000000016 implements MigrationInterface {
  name = 'ProviderOfItsOwn1700000000016';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE sandbox_refund, sandbox_charge');
    await queryRunner.query(
      'ALTER TABLE payment ADD COLUMN sealed_action text, ADD COLUMN action_expires_at timestamptz(3)',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE payment DROP COLUMN sealed_action, DROP COLUMN action_expires_at');
    await queryRunner.query(`
      CREATE TABLE sandbox_charge (
        key text PRIMARY KEY,
        reference uuid NOT NULL UNIQUE,
        token text NOT NULL,
        amount bigint NOT NULL,
        currency_code text NOT NULL,
        state text NOT NULL CHECK (state IN ('ERRORED', 'AUTHORIZED', 'DECLINED', 'CAPTURED', 'VOIDED')),
        refunded bigint NOT NULL DEFAULT 0,
        CHECK (refunded BETWEEN 0 AND amount)
      )`);
    await queryRunner.query(`
      CREATE TABLE sandbox_refund (
        key text PRIMARY KEY,
        reference uuid NOT NULL REFERENCES sandbox_charge (reference),
        amount bigint NOT NULL
      )`);
  }
}
