import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Orders with their lines and parcels, the log of their events, and the checkouts that make them. */
export class CreateOrders1700000000002 implements MigrationInterface {
  name = 'CreateOrders1700000000002';

  async up(queryRunner: QueryRunner): Promise<void> {
    // An enum sorts in the order of its values: the order of an order's life.
    await queryRunner.query(`
      CREATE TYPE order_status AS ENUM
        ('PENDING', 'CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED', 'CANCELLED', 'RETURNED')`);
    await this.createOrders(queryRunner);
    await this.createShipments(queryRunner);
    await this.createLog(queryRunner);
    await this.createCheckouts(queryRunner);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE checkout, order_event, shipment_line, shipment, order_line, orders');
    await queryRunner.query('DROP TYPE order_status');
  }

  private async createOrders(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE orders (
        id uuid PRIMARY KEY,
        number text NOT NULL CONSTRAINT orders_number UNIQUE,
        owner_kind text NOT NULL CHECK (owner_kind IN ('user', 'guest', 'client')),
        owner_id uuid NOT NULL,
        status order_status NOT NULL,
        -- the sequence of its newest event
        version integer NOT NULL,
        payment_status text NOT NULL CHECK (payment_status IN
          ('PENDING', 'AUTHORIZED', 'PAID', 'PARTIALLY_REFUNDED', 'REFUNDED', 'VOIDED', 'FAILED')),
        -- the newest change of its payment that was heard of
        payment_version integer NOT NULL DEFAULT 0,
        currency_code text NOT NULL,
        subtotal bigint NOT NULL,
        discount bigint NOT NULL,
        shipping bigint NOT NULL,
        tax bigint NOT NULL,
        total bigint NOT NULL,
        tax_included boolean NOT NULL,
        shipping_method text NOT NULL,
        -- sealed, as are e-mail, note and token; null once erased
        shipping_address text,
        billing_address text,
        email text,
        note text,
        token text,
        token_hash text CONSTRAINT orders_token_hash UNIQUE,
        -- whether any unit has left; here, so that whoever waited for the row's lock sees it
        shipped boolean NOT NULL DEFAULT false,
        captured_at timestamptz(3),
        -- until then a capture may be under way, and nobody can cancel
        capturing_until timestamptz(3),
        placed_at timestamptz(3) NOT NULL,
        updated_at timestamptz(3) NOT NULL,
        CHECK (total = subtotal - discount + shipping + CASE WHEN tax_included THEN 0 ELSE tax END),
        CHECK (total >= 0),
        CHECK ((owner_kind = 'guest') = (token_hash IS NOT NULL))
      )`);
    await queryRunner.query('CREATE INDEX orders_of_owner ON orders (owner_kind, owner_id, placed_at, id)');
    await queryRunner.query('CREATE INDEX orders_newest ON orders (placed_at, id)');
    await queryRunner.query('CREATE INDEX orders_by_total ON orders (total, id)');
    await queryRunner.query('CREATE INDEX orders_by_status ON orders (status, placed_at, id)');
    await queryRunner.query(`
      CREATE TABLE order_line (
        id uuid PRIMARY KEY,
        order_id uuid NOT NULL REFERENCES orders,
        position smallint NOT NULL,
        variant_id uuid NOT NULL,
        product_id uuid NOT NULL,
        sku text NOT NULL,
        product_name text NOT NULL,
        variant_name text NOT NULL,
        image jsonb,
        quantity integer NOT NULL CHECK (quantity > 0),
        shipped_quantity integer NOT NULL DEFAULT 0 CHECK (shipped_quantity BETWEEN 0 AND quantity),
        unit_price bigint NOT NULL,
        discount bigint NOT NULL,
        total bigint NOT NULL,
        tax bigint NOT NULL,
        CHECK (total = unit_price * quantity - discount),
        UNIQUE (order_id, position)
      )`);
  }

  private async createShipments(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE shipment (
        id uuid PRIMARY KEY,
        order_id uuid NOT NULL REFERENCES orders,
        carrier text NOT NULL,
        tracking_number text NOT NULL,
        estimated_delivery timestamptz(3),
        shipped_at timestamptz(3) NOT NULL,
        delivered_at timestamptz(3)
      )`);
    await queryRunner.query('CREATE INDEX shipment_of_order ON shipment (order_id, id)');
    await queryRunner.query(`
      CREATE TABLE shipment_line (
        shipment_id uuid NOT NULL REFERENCES shipment,
        line_id uuid NOT NULL REFERENCES order_line,
        quantity integer NOT NULL CHECK (quantity > 0),
        PRIMARY KEY (shipment_id, line_id)
      )`);
  }

  private async createLog(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE order_event (
        order_id uuid NOT NULL REFERENCES orders,
        -- 1, 2, 3, … of its order
        sequence integer NOT NULL,
        insert_no bigserial NOT NULL,
        -- place among the events of all orders, without gaps; null until the event log has numbered it after its commit
        position bigint CONSTRAINT order_event_position UNIQUE,
        type text NOT NULL CHECK (type IN ('STATUS_CHANGED', 'SHIPMENT_CHANGED', 'PAYMENT_CHANGED', 'RETURN_CHANGED')),
        status order_status NOT NULL,
        occurred_at timestamptz(3) NOT NULL,
        actor_kind text NOT NULL CHECK (actor_kind IN ('CUSTOMER', 'GUEST', 'SUPPORT', 'ADMIN', 'PARTNER', 'SYSTEM')),
        actor_id uuid,
        -- sealed: people may write anything
        reason text,
        PRIMARY KEY (order_id, sequence)
      )`);
    await queryRunner.query('CREATE INDEX order_event_of_order ON order_event (order_id, position)');
    await queryRunner.query('CREATE INDEX order_event_unnumbered ON order_event (insert_no) WHERE position IS NULL');
  }

  private async createCheckouts(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE checkout (
        order_id uuid PRIMARY KEY,
        -- whose placeOrder with which key, as in table idempotency
        actor text NOT NULL,
        key text NOT NULL,
        request_id text NOT NULL,
        buyer_kind text NOT NULL,
        buyer_id uuid,
        direction text NOT NULL CHECK (direction IN ('forward', 'back')),
        cart text NOT NULL CHECK (cart IN ('asked', 'claimed', 'spent', 'released')),
        stock text NOT NULL CHECK (stock IN ('none', 'asked', 'reserved', 'pinned', 'released')),
        payment text NOT NULL CHECK (payment IN ('none', 'asked', 'pending', 'authorized', 'declined', 'reversed')),
        placed boolean NOT NULL,
        reserved_until timestamptz(3),
        -- sealed; both are emptied when nothing is left to do
        draft text,
        quote jsonb,
        attempts integer NOT NULL DEFAULT 0,
        due_at timestamptz(3) NOT NULL,
        -- who works on it; whoever has another lease may no longer write
        lease uuid,
        leased_until timestamptz(3),
        done_at timestamptz(3),
        created_at timestamptz(3) NOT NULL,
        CHECK (done_at IS NULL OR (draft IS NULL AND quote IS NULL))
      )`);
    await queryRunner.query('CREATE INDEX checkout_due ON checkout (due_at) WHERE done_at IS NULL');
    await queryRunner.query(
      'CREATE INDEX checkout_failed ON checkout (done_at) WHERE done_at IS NOT NULL AND NOT placed',
    );
  }
}
