import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Suspension of users. Why is sealed: people write names into such fields. */
export class SuspendUsers1783500000000 implements MigrationInterface {
  name = 'SuspendUsers1783500000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE account ADD suspended_at timestamptz(3), ADD suspension_reason text,
        ADD CONSTRAINT account_suspension CHECK (suspended_at IS NOT NULL OR suspension_reason IS NULL)`);
    // Those who are not suspended are nearly all, so for them the indexes without the condition serve.
    await queryRunner.query(
      'CREATE INDEX account_suspended ON account (created_at, id) WHERE suspended_at IS NOT NULL',
    );
    await endReasons(queryRunner, `'logout', 'logoutEverywhere', 'reuse', 'suspended'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`UPDATE session SET end_reason = 'logoutEverywhere' WHERE end_reason = 'suspended'`);
    await endReasons(queryRunner, `'logout', 'logoutEverywhere', 'reuse'`);
    await queryRunner.query('ALTER TABLE account DROP suspended_at, DROP suspension_reason');
  }
}

async function endReasons(queryRunner: QueryRunner, reasons: string): Promise<void> {
  await queryRunner.query(`
    ALTER TABLE session DROP CONSTRAINT session_end_reason_check,
      ADD CONSTRAINT session_end_reason_check CHECK (end_reason IN (${reasons}))`);
}
