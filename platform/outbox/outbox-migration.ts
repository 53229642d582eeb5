import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Channel on which the database tells that something was added to its outbox. */
export const OUTBOX_CHANNEL = 'outbox';

/** Tables of messaging: outbox and inbox. The same in every subgraph's database, and its first. */
export class CreateMessaging1700000000000 implements MigrationInterface {
  name = 'CreateMessaging1700000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE outbox (
        id uuid PRIMARY KEY,
        position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
        name text NOT NULL,
        version integer NOT NULL,
        aggregate_id text NOT NULL,
        aggregate_version integer NOT NULL,
        occurred_at timestamptz(3) NOT NULL,
        cause text NOT NULL,
        trace text,
        payload jsonb NOT NULL,
        published_at timestamptz(3)
      )`);
    // Both are small: what is not published yet, and what is about to be pruned is found from its end.
    await queryRunner.query('CREATE INDEX outbox_unpublished ON outbox (position) WHERE published_at IS NULL');
    await queryRunner.query('CREATE INDEX outbox_published_at ON outbox (published_at) WHERE published_at IS NOT NULL');
    await queryRunner.query(`
      CREATE TABLE inbox (
        queue text NOT NULL,
        event_id uuid NOT NULL,
        received_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (queue, event_id)
      )`);
    await queryRunner.query('CREATE INDEX inbox_received_at ON inbox (received_at)');
    // Sent when the transaction commits, so whoever is woken finds the rows.
    await queryRunner.query(`
      CREATE FUNCTION notify_outbox() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_notify('${OUTBOX_CHANNEL}', ''); RETURN NULL; END $$`);
    await queryRunner.query(
      'CREATE TRIGGER outbox_inserted AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION notify_outbox()',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE inbox, outbox');
    await queryRunner.query('DROP FUNCTION notify_outbox()');
  }
}
