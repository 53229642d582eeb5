import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Accounts, their sessions and addresses, the audit log, and mails to send. What is sealed is said in the entities. */
export class CreateAccounts1767225600000 implements MigrationInterface {
  name = 'CreateAccounts1767225600000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE account (
        id uuid PRIMARY KEY,
        email text NOT NULL,
        email_index text NOT NULL CONSTRAINT account_email UNIQUE,
        password_hash text NOT NULL,
        first_name text,
        last_name text,
        role text NOT NULL CHECK (role IN ('CUSTOMER', 'SUPPORT', 'PARTNER', 'ADMIN')),
        email_verified boolean NOT NULL DEFAULT false,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz(3) NOT NULL
      )`);
    await queryRunner.query('CREATE INDEX account_newest ON account (created_at, id)');
    await queryRunner.query('CREATE INDEX account_newest_of_role ON account (role, created_at, id)');
    await queryRunner.query(`
      CREATE TABLE session (
        id uuid PRIMARY KEY,
        account_id uuid NOT NULL REFERENCES account ON DELETE CASCADE,
        created_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        ended_at timestamptz(3),
        end_reason text CHECK (end_reason IN ('logout', 'logoutEverywhere', 'reuse')),
        CHECK ((ended_at IS NULL) = (end_reason IS NULL))
      )`);
    await queryRunner.query('CREATE INDEX session_account ON session (account_id)');
    await queryRunner.query('CREATE INDEX session_expires ON session (expires_at)');
    await queryRunner.query('CREATE INDEX session_ended ON session (ended_at) WHERE ended_at IS NOT NULL');
    await queryRunner.query(`
      CREATE TABLE refresh_token (
        hash text PRIMARY KEY,
        session_id uuid NOT NULL REFERENCES session ON DELETE CASCADE,
        expires_at timestamptz(3) NOT NULL,
        used_at timestamptz(3),
        nonce text NOT NULL
      )`);
    await queryRunner.query('CREATE INDEX refresh_token_session ON refresh_token (session_id)');
    // A family has one token that can be exchanged; a second would be a fork that nobody notices.
    await queryRunner.query(
      'CREATE UNIQUE INDEX refresh_token_current ON refresh_token (session_id) WHERE used_at IS NULL',
    );
    await queryRunner.query('CREATE INDEX refresh_token_expires ON refresh_token (expires_at)');
    await queryRunner.query(`
      CREATE TABLE address (
        id uuid PRIMARY KEY,
        account_id uuid NOT NULL REFERENCES account ON DELETE CASCADE,
        address text NOT NULL,
        is_default boolean NOT NULL
      )`);
    await queryRunner.query('CREATE INDEX address_account ON address (account_id, id)');
    await queryRunner.query('CREATE UNIQUE INDEX address_default ON address (account_id) WHERE is_default');
    await this.createAuditLog(queryRunner);
    await queryRunner.query(`
      CREATE TABLE mail (
        id uuid PRIMARY KEY,
        kind text NOT NULL CHECK (kind IN ('order-confirmation')),
        subject_id uuid NOT NULL,
        status text NOT NULL DEFAULT 'WAITING' CHECK (status IN ('WAITING', 'SENT', 'FAILED')),
        attempts integer NOT NULL DEFAULT 0,
        due_at timestamptz(3) NOT NULL DEFAULT now(),
        sent_at timestamptz(3),
        CONSTRAINT mail_once UNIQUE (kind, subject_id),
        CHECK ((sent_at IS NOT NULL) = (status = 'SENT'))
      )`);
    await queryRunner.query(`CREATE INDEX mail_due ON mail (due_at) WHERE status = 'WAITING'`);
    await queryRunner.query('CREATE INDEX mail_sent ON mail (sent_at) WHERE sent_at IS NOT NULL');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE mail, audit_log, address, refresh_token, session, account');
    await queryRunner.query('DROP FUNCTION refuse_audit_change()');
  }

  /** Append-only: whoever holds the application's connection can add to the record and not change it. */
  private async createAuditLog(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE audit_log (
        -- of the event it came with
        id uuid PRIMARY KEY,
        actor_kind text NOT NULL,
        actor_id text,
        action text NOT NULL,
        target text,
        time timestamptz(3) NOT NULL,
        request_id text NOT NULL
      )`);
    await queryRunner.query('CREATE INDEX audit_log_newest ON audit_log (time, id)');
    await queryRunner.query('CREATE INDEX audit_log_newest_of_actor ON audit_log (actor_id, time, id)');
    await queryRunner.query('CREATE INDEX audit_log_newest_of_action ON audit_log (action, time, id)');
    await queryRunner.query(`
      CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$`);
    await queryRunner.query(`
      CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()`);
  }
}
