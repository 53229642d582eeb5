import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Exports of personal data, and what each subgraph has answered for them. */
export class CreateDataExports1783650000000 implements MigrationInterface {
  name = 'CreateDataExports1783650000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE data_export (
        id uuid PRIMARY KEY,
        account_id uuid NOT NULL REFERENCES account ON DELETE CASCADE,
        requested_at timestamptz(3) NOT NULL,
        ready_at timestamptz(3),
        expires_at timestamptz(3) NOT NULL
      )`);
    await queryRunner.query('CREATE INDEX data_export_newest ON data_export (account_id, requested_at)');
    await queryRunner.query('CREATE INDEX data_export_expires ON data_export (expires_at)');
    await queryRunner.query(`
      CREATE TABLE data_export_part (
        export_id uuid NOT NULL REFERENCES data_export ON DELETE CASCADE,
        holder text NOT NULL,
        -- JSON; sealed
        sealed text NOT NULL,
        PRIMARY KEY (export_id, holder)
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE data_export_part, data_export');
  }
}
