import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Returns: what buyers send back, and what is owed to them and to the stock for it. */
export class CreateReturns1700000000025 implements MigrationInterface {
  name = 'CreateReturns1700000000025';

  async up(queryRunner: QueryRunner): Promise<void> {
    // Units under request and units returned; the constraint is the last line against returning more than was shipped.
    await queryRunner.query(`
      ALTER TABLE order_line
        ADD COLUMN requested_quantity integer NOT NULL DEFAULT 0,
        ADD COLUMN returned_quantity integer NOT NULL DEFAULT 0,
        ADD CONSTRAINT order_line_returns CHECK (requested_quantity >= 0 AND returned_quantity >= 0
          AND requested_quantity + returned_quantity <= shipped_quantity)`);
    await queryRunner.query(`
      CREATE TABLE order_return (
        id uuid PRIMARY KEY,
        order_id uuid NOT NULL REFERENCES orders,
        status text NOT NULL CHECK (status IN ('REQUESTED', 'ACCEPTED', 'REJECTED')),
        -- sealed, both: the buyer's words, and those of whoever rejected it
        reason text,
        rejection_reason text,
        requested_at timestamptz(3) NOT NULL,
        decided_at timestamptz(3),
        -- the request that accepted it, for the commands it leads to
        request_id text,
        -- null: nothing is given back
        refund_amount bigint CHECK (refund_amount > 0),
        refund_status text CHECK (refund_status IN ('PENDING', 'SUCCEEDED', 'FAILED')),
        restock boolean,
        restocked_at timestamptz(3),
        owes boolean NOT NULL GENERATED ALWAYS AS
          (coalesce(refund_status = 'PENDING', false) OR coalesce(restock AND restocked_at IS NULL, false)) STORED,
        -- when the next worker may take it up; moved on with each attempt, which keeps others away meanwhile
        due_at timestamptz(3),
        attempts integer NOT NULL DEFAULT 0,
        CHECK ((status = 'REQUESTED') = (decided_at IS NULL)),
        CHECK ((status = 'ACCEPTED') = (restock IS NOT NULL)),
        CHECK ((refund_amount IS NULL) = (refund_status IS NULL)),
        CHECK (status = 'ACCEPTED' OR refund_amount IS NULL),
        CHECK (due_at IS NOT NULL OR NOT owes)
      )`);
    await queryRunner.query('CREATE INDEX order_return_of_order ON order_return (order_id, id)');
    await queryRunner.query('CREATE INDEX order_return_due ON order_return (due_at) WHERE owes');
    await queryRunner.query(`
      CREATE TABLE return_line (
        return_id uuid NOT NULL REFERENCES order_return,
        line_id uuid NOT NULL REFERENCES order_line,
        quantity integer NOT NULL CHECK (quantity > 0),
        PRIMARY KEY (return_id, line_id)
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE return_line, order_return');
    await queryRunner.query(
      'ALTER TABLE order_line DROP CONSTRAINT order_line_returns, DROP COLUMN requested_quantity, DROP COLUMN returned_quantity',
    );
  }
}
