import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When a session was last used, and more reasons for its end. */
export class ManageSessions1783630000000 implements MigrationInterface {
  name = 'ManageSessions1783630000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE session ADD last_used_at timestamptz(3)');
    // Each use moved the end of the session to 30 days later.
    await queryRunner.query(`UPDATE session SET last_used_at = greatest(created_at, expires_at - interval '30 days')`);
    // The default is for processes of before, which go on during an update.
    await queryRunner.query(
      'ALTER TABLE session ALTER last_used_at SET NOT NULL, ALTER last_used_at SET DEFAULT now()',
    );
    await queryRunner.query(
      'CREATE INDEX session_active ON session (account_id, last_used_at, id) WHERE ended_at IS NULL',
    );
    await endReasons(queryRunner, [...EARLIER, 'passwordChanged', 'revoked', 'tooMany']);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`UPDATE session SET end_reason = 'logoutEverywhere' WHERE end_reason <> ALL ($1)`, [
      EARLIER,
    ]);
    await endReasons(queryRunner, EARLIER);
    await queryRunner.query('ALTER TABLE session DROP last_used_at');
  }
}

const EARLIER = ['logout', 'logoutEverywhere', 'reuse', 'suspended'];

async function endReasons(queryRunner: QueryRunner, reasons: readonly string[]): Promise<void> {
  const list = reasons.map((reason) => `'${reason}'`).join(', ');
  await queryRunner.query(
    `ALTER TABLE session DROP CONSTRAINT session_end_reason_check,
       ADD CONSTRAINT session_end_reason_check CHECK (end_reason IN (${list}))`,
  );
}
