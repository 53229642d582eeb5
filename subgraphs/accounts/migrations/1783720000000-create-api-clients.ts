import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Partners' programs and their keys. */
export class CreateApiClients1783720000000 implements MigrationInterface {
  name = 'CreateApiClients1783720000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE api_client (
        id uuid PRIMARY KEY,
        owner_id uuid NOT NULL REFERENCES account ON DELETE CASCADE,
        -- sealed: people write names into such fields
        name text NOT NULL,
        scopes text[] NOT NULL,
        rate_tier text NOT NULL CHECK (rate_tier IN ('STANDARD', 'PREMIUM', 'PARTNER')),
        created_at timestamptz(3) NOT NULL,
        -- to the hour
        last_used_at timestamptz(3),
        revoked_at timestamptz(3)
      )`);
    await queryRunner.query('CREATE INDEX api_client_of_owner ON api_client (owner_id, id)');
    await queryRunner.query(`
      CREATE TABLE api_key (
        id uuid PRIMARY KEY,
        client_id uuid NOT NULL REFERENCES api_client ON DELETE CASCADE,
        hash text NOT NULL CONSTRAINT api_key_hash UNIQUE,
        created_at timestamptz(3) NOT NULL,
        -- set by a rotation
        expires_at timestamptz(3)
      )`);
    await queryRunner.query('CREATE INDEX api_key_of_client ON api_key (client_id)');
    await queryRunner.query('CREATE INDEX api_key_expires ON api_key (expires_at) WHERE expires_at IS NOT NULL');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE api_key, api_client');
  }
}
