import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Chains the audit log: each entry holds a hash of itself and of the one before, so none can be changed, taken out or put
 * between unseen. The database does it, so whatever adds an entry adds it to the chain.
 */
export class ChainAuditLog1783640000000 implements MigrationInterface {
  name = 'ChainAuditLog1783640000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE audit_log ADD position bigint, ADD hash text');
    await queryRunner.query(`
      CREATE FUNCTION audit_hash(previous text, entry audit_log) RETURNS text LANGUAGE sql STABLE AS $$
        SELECT encode(sha256(convert_to(jsonb_build_array(
          previous, entry.position, entry.id, entry.actor_kind, entry.actor_id, entry.action, entry.target,
          (extract(epoch FROM entry.time) * 1000)::bigint, entry.request_id)::text, 'UTF8')), 'hex')
      $$`);
    await queryRunner.query(`
      CREATE FUNCTION chain_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE last audit_log;
      BEGIN
        -- One writer at a time until it commits: two that saw the same last entry would fork the chain.
        PERFORM pg_advisory_xact_lock(${CHAIN_LOCK});
        SELECT * INTO last FROM audit_log ORDER BY position DESC LIMIT 1;
        NEW.position := coalesce(last.position, 0) + 1;
        NEW.hash := audit_hash(coalesce(last.hash, ''), NEW);
        RETURN NEW;
      END $$`);
    await this.chainWhatIsThere(queryRunner);
    await queryRunner.query(`
      ALTER TABLE audit_log ALTER position SET NOT NULL, ALTER hash SET NOT NULL,
        ADD CONSTRAINT audit_log_position UNIQUE (position)`);
    await queryRunner.query(`
      CREATE TRIGGER audit_log_chain BEFORE INSERT ON audit_log
      FOR EACH ROW EXECUTE FUNCTION chain_audit_entry()`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TRIGGER audit_log_chain ON audit_log');
    await queryRunner.query('DROP FUNCTION chain_audit_entry()');
    await queryRunner.query('DROP FUNCTION audit_hash(text, audit_log)');
    await queryRunner.query('ALTER TABLE audit_log DROP position, DROP hash');
  }

  private async chainWhatIsThere(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only');
    await queryRunner.query(`
      DO $$
      DECLARE entry audit_log; previous text := ''; place bigint := 0;
      BEGIN
        FOR entry IN SELECT * FROM audit_log ORDER BY time, id LOOP
          place := place + 1;
          entry.position := place;
          previous := audit_hash(previous, entry);
          UPDATE audit_log SET position = place, hash = previous WHERE id = entry.id;
        END LOOP;
      END $$`);
    await queryRunner.query('ALTER TABLE audit_log ENABLE TRIGGER audit_log_append_only');
  }
}

/** Of advisory locks in this database; any number no other lock has. */
const CHAIN_LOCK = 38_417_001;
