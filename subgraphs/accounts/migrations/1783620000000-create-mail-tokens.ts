import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Links in mails, questions for them, and mails that are about an account. */
export class CreateMailTokens1783620000000 implements MigrationInterface {
  name = 'CreateMailTokens1783620000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE mail_token (
        id uuid PRIMARY KEY,
        account_id uuid NOT NULL REFERENCES account ON DELETE CASCADE,
        kind text NOT NULL CHECK (kind IN ('verify-email', 'change-email', 'reset-password')),
        hash text NOT NULL UNIQUE,
        -- the new address of change-email; sealed
        email text,
        created_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT mail_token_one UNIQUE (account_id, kind),
        CHECK ((email IS NOT NULL) = (kind = 'change-email'))
      )`);
    await queryRunner.query('CREATE INDEX mail_token_expires ON mail_token (expires_at)');
    await queryRunner.query(`
      CREATE TABLE reset_request (
        email_index text PRIMARY KEY,
        requested_at timestamptz(3) NOT NULL,
        request_id text NOT NULL
      )`);
    await queryRunner.query('CREATE INDEX reset_request_oldest ON reset_request (requested_at)');
    // No reference: the mail that says an account was deleted is sent when it is.
    await queryRunner.query('ALTER TABLE mail ADD account_id uuid, ADD sealed_to text');
    await queryRunner.query('CREATE INDEX mail_account ON mail (account_id) WHERE account_id IS NOT NULL');
    await mailKinds(
      queryRunner,
      `'order-confirmation', 'verify-email', 'change-email', 'reset-password', 'email-changing', 'password-changed',
       'account-deleted'`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DELETE FROM mail WHERE kind <> 'order-confirmation'`);
    await mailKinds(queryRunner, `'order-confirmation'`);
    await queryRunner.query('ALTER TABLE mail DROP account_id, DROP sealed_to');
    await queryRunner.query('DROP TABLE mail_token, reset_request');
  }
}

async function mailKinds(queryRunner: QueryRunner, kinds: string): Promise<void> {
  await queryRunner.query(
    `ALTER TABLE mail DROP CONSTRAINT mail_kind_check, ADD CONSTRAINT mail_kind_check CHECK (kind IN (${kinds}))`,
  );
}
