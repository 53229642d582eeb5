import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Payments, refunds, the ledger, and what the sandbox provider remembers. */
export class CreatePayments1700000000002 implements MigrationInterface {
  name = 'CreatePayments1700000000002';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE payment (
        id uuid PRIMARY KEY,
        order_id uuid NOT NULL UNIQUE,
        owner_kind text NOT NULL CHECK (owner_kind IN ('user', 'guest', 'client')),
        owner_id uuid NOT NULL,
        status text NOT NULL CHECK (status IN ('PENDING', 'REQUIRES_ACTION', 'AUTHORIZED', 'CAPTURED', 'VOIDED', 'FAILED')),
        amount bigint NOT NULL CHECK (amount >= 0),
        captured_amount bigint NOT NULL DEFAULT 0 CHECK (captured_amount BETWEEN 0 AND amount),
        -- with those under way: what is promised to be given back can not be promised twice
        refunded_amount bigint NOT NULL DEFAULT 0,
        currency_code text NOT NULL,
        provider text NOT NULL,
        provider_reference text,
        method text,
        decline_reason text,
        sealed_token text NOT NULL,
        -- when the provider was last asked; from the first time on its answer is looked up before it is asked again
        attempted_at timestamptz(3),
        version integer NOT NULL DEFAULT 0,
        created_at timestamptz(3) NOT NULL,
        CHECK (refunded_amount BETWEEN 0 AND captured_amount)
      )`);
    await queryRunner.query(`
      CREATE TABLE refund (
        id uuid PRIMARY KEY,
        payment_id uuid NOT NULL REFERENCES payment (id),
        amount bigint NOT NULL CHECK (amount > 0),
        -- sealed
        reason text,
        status text NOT NULL CHECK (status IN ('PENDING', 'SUCCEEDED', 'FAILED')),
        created_at timestamptz(3) NOT NULL
      )`);
    await queryRunner.query('CREATE INDEX refund_payment ON refund (payment_id, created_at)');
    await queryRunner.query(`CREATE INDEX refund_pending ON refund (created_at) WHERE status = 'PENDING'`);
    // An order whose payment was reversed before there was one: none may be authorized for it any more.
    await queryRunner.query(
      'CREATE TABLE reversed_order (order_id uuid PRIMARY KEY, created_at timestamptz(3) NOT NULL)',
    );
    await queryRunner.query(`
      CREATE TABLE ledger_entry (
        id uuid PRIMARY KEY,
        posting_id uuid NOT NULL,
        payment_id uuid NOT NULL REFERENCES payment (id),
        kind text NOT NULL CHECK (kind IN ('AUTHORIZE', 'VOID', 'CAPTURE', 'REFUND')),
        account text NOT NULL CHECK (account IN ('buyer', 'held', 'shop')),
        amount bigint NOT NULL,
        currency_code text NOT NULL,
        created_at timestamptz(3) NOT NULL
      )`);
    await queryRunner.query('CREATE INDEX ledger_entry_payment ON ledger_entry (payment_id)');
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

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE sandbox_refund, sandbox_charge, ledger_entry, reversed_order, refund, payment');
  }
}
