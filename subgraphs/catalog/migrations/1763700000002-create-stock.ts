import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Stock: levels, the ledger of every unit's movement, and reservations of orders. */
export class CreateStock1763700000002 implements MigrationInterface {
  name = 'CreateStock1763700000002';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE stock_level (
        variant_id uuid PRIMARY KEY REFERENCES variant,
        on_hand integer NOT NULL CHECK (on_hand BETWEEN 0 AND 1000000000),
        reserved integer NOT NULL DEFAULT 0,
        -- the last line against overselling, whatever a statement above gets wrong
        CONSTRAINT stock_level_reserved CHECK (reserved >= 0 AND reserved <= on_hand)
      ) WITH (fillfactor = 80)`);
    // Append only. No foreign keys: the ledger must not take locks on what it speaks of, nor lose a line with it.
    await queryRunner.query(`
      CREATE TABLE stock_movement (
        id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
        variant_id uuid NOT NULL,
        location text NOT NULL DEFAULT 'main',
        kind text NOT NULL CHECK (kind IN ('initial', 'adjust', 'reserve', 'release', 'expire', 'sell', 'restock')),
        quantity integer NOT NULL CHECK (quantity <> 0 AND (quantity > 0 OR kind = 'adjust')),
        order_id uuid,
        reason text,
        -- kind and id of who did it: "user:<uuid>", "service:orders", "system"
        actor text NOT NULL,
        moved_at timestamptz(3) NOT NULL DEFAULT clock_timestamp()
      )`);
    await queryRunner.query('CREATE INDEX stock_movement_variant ON stock_movement (variant_id, id)');
    await queryRunner.query(
      'CREATE INDEX stock_movement_order ON stock_movement (order_id) WHERE order_id IS NOT NULL',
    );
    await queryRunner.query(`
      CREATE TABLE reservation (
        order_id uuid PRIMARY KEY,
        -- EMPTY: holds nothing and may reserve (again); RELEASED: the order is dead
        state text NOT NULL CHECK (state IN ('EMPTY', 'RESERVED', 'PINNED', 'SOLD', 'RELEASED')),
        expires_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CHECK (expires_at IS NOT NULL OR state IN ('EMPTY', 'RELEASED'))
      )`);
    await queryRunner.query(`CREATE INDEX reservation_due ON reservation (expires_at) WHERE state = 'RESERVED'`);
    await queryRunner.query(`
      CREATE TABLE reservation_line (
        order_id uuid NOT NULL REFERENCES reservation,
        variant_id uuid NOT NULL REFERENCES variant,
        quantity integer NOT NULL CHECK (quantity > 0),
        PRIMARY KEY (order_id, variant_id)
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE reservation_line, reservation, stock_movement, stock_level');
  }
}
