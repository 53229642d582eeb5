import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Partners' URLs, and what was sent to them. */
export class CreateWebhooks1700009000000 implements MigrationInterface {
  name = 'CreateWebhooks1700009000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE webhook_endpoint (
        id uuid PRIMARY KEY,
        owner_kind text NOT NULL CHECK (owner_kind IN ('user', 'client')),
        owner_id uuid NOT NULL,
        -- sealed, as are description and secrets: a URL often holds a token of its owner's
        url text NOT NULL,
        description text,
        types text[] NOT NULL,
        status text NOT NULL CHECK (status IN ('ACTIVE', 'PAUSED', 'DISABLED')),
        secret text NOT NULL,
        -- signs as well until then
        previous_secret text,
        previous_secret_until timestamptz(3),
        -- up to where in the log of events its deliveries have been made
        position bigint NOT NULL,
        -- when the first attempt failed after which none succeeded
        failing_since timestamptz(3),
        created_at timestamptz(3) NOT NULL
      )`);
    await queryRunner.query('CREATE INDEX webhook_endpoint_of_owner ON webhook_endpoint (owner_kind, owner_id, id)');
    await queryRunner.query(
      `CREATE INDEX webhook_endpoint_active ON webhook_endpoint (position) WHERE status = 'ACTIVE'`,
    );
    await queryRunner.query(`
      CREATE TABLE webhook_delivery (
        id uuid PRIMARY KEY,
        endpoint_id uuid NOT NULL REFERENCES webhook_endpoint ON DELETE CASCADE,
        -- of the event
        position bigint NOT NULL,
        order_id uuid NOT NULL,
        status text NOT NULL CHECK (status IN ('PENDING', 'DELIVERED', 'FAILED')),
        attempts integer NOT NULL DEFAULT 0,
        -- when the next worker may try; moved on with each attempt, which keeps others away meanwhile
        due_at timestamptz(3),
        -- who tries now; whoever has another lease may no longer write
        lease uuid,
        attempted_at timestamptz(3),
        delivered_at timestamptz(3),
        response_status integer,
        error text,
        created_at timestamptz(3) NOT NULL,
        CHECK ((status = 'PENDING') = (due_at IS NOT NULL)),
        CHECK ((status = 'DELIVERED') = (delivered_at IS NOT NULL)),
        CONSTRAINT webhook_delivery_once UNIQUE (endpoint_id, position)
      )`);
    await queryRunner.query(
      `CREATE INDEX webhook_delivery_pending ON webhook_delivery (endpoint_id, position) WHERE status = 'PENDING'`,
    );
    await queryRunner.query(
      `CREATE INDEX webhook_delivery_of_order ON webhook_delivery (endpoint_id, order_id, position) WHERE status = 'PENDING'`,
    );
    await queryRunner.query(
      `CREATE INDEX webhook_delivery_done ON webhook_delivery (created_at) WHERE status <> 'PENDING'`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE webhook_delivery, webhook_endpoint');
  }
}
