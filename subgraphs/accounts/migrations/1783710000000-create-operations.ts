import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The registry of persisted operations: texts by their hash, the ids under which applications published them, the applications. */
export class CreateOperations1783710000000 implements MigrationInterface {
  name = 'CreateOperations1783710000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    // One row, raised by every change and locked until it commits: so versions become visible in their order.
    await queryRunner.query(`
      CREATE TABLE operation_registry (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        version integer NOT NULL DEFAULT 0
      )`);
    await queryRunner.query('INSERT INTO operation_registry DEFAULT VALUES');
    await queryRunner.query(`
      CREATE TABLE operation_client (
        name text PRIMARY KEY,
        api_client_id uuid CONSTRAINT operation_client_api_client UNIQUE,
        safelist boolean NOT NULL DEFAULT false,
        created_at timestamptz(3) NOT NULL
      )`);
    await queryRunner.query(`
      CREATE TABLE operation (
        -- SHA-256 of the text, in hexadecimal
        hash text PRIMARY KEY,
        body text NOT NULL,
        name text NOT NULL,
        type text NOT NULL CHECK (type IN ('query', 'mutation', 'subscription')),
        cost integer NOT NULL,
        budget_per_minute integer CHECK (budget_per_minute > 0),
        killed_at timestamptz(3),
        version integer NOT NULL,
        uses bigint NOT NULL DEFAULT 0,
        last_used_at timestamptz(3)
      )`);
    await queryRunner.query('CREATE INDEX operation_changed ON operation (version, hash)');
    await queryRunner.query(`
      CREATE TABLE published_operation (
        client text NOT NULL REFERENCES operation_client,
        id text NOT NULL,
        hash text NOT NULL REFERENCES operation,
        published_at timestamptz(3) NOT NULL,
        retired_at timestamptz(3),
        PRIMARY KEY (client, id)
      )`);
    await queryRunner.query('CREATE INDEX published_operation_id ON published_operation (id)');
    await queryRunner.query('CREATE INDEX published_operation_hash ON published_operation (hash)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE published_operation, operation, operation_client, operation_registry');
  }
}
