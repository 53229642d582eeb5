import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Carts, lines, quotes. */
export class CreateCart1700000100000 implements MigrationInterface {
  name = 'CreateCart1700000100000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('CREATE SEQUENCE price_version AS bigint');
    await queryRunner.query(`
      CREATE TABLE cart (
        id uuid PRIMARY KEY,
        owner_kind text NOT NULL CHECK (owner_kind IN ('guest', 'user', 'client')),
        owner_id uuid NOT NULL,
        status text NOT NULL CHECK (status IN ('ACTIVE', 'CLAIMED', 'SPENT', 'MERGED')),
        order_id uuid,
        merged_into uuid REFERENCES cart (id),
        token_hash text UNIQUE,
        sealed_token text,
        currency_code text NOT NULL CHECK (length(currency_code) = 3),
        tax_included boolean NOT NULL,
        line_count integer NOT NULL CHECK (line_count BETWEEN 0 AND 200),
        item_count integer NOT NULL CHECK (item_count >= line_count),
        subtotal bigint NOT NULL CHECK (subtotal >= 0),
        discount bigint NOT NULL CHECK (discount BETWEEN 0 AND subtotal),
        shipping bigint CHECK (shipping >= 0),
        tax bigint CHECK (tax >= 0),
        total bigint NOT NULL,
        price_version bigint NOT NULL,
        country_code text,
        tax_region text,
        sealed_address text,
        shipping_method text,
        created_at timestamptz(3) NOT NULL,
        updated_at timestamptz(3) NOT NULL,
        CHECK ((owner_kind = 'guest') = (token_hash IS NOT NULL AND sealed_token IS NOT NULL)),
        CHECK (owner_kind <> 'guest' OR owner_id = id),
        CHECK ((status IN ('CLAIMED', 'SPENT')) = (order_id IS NOT NULL)),
        CHECK ((status = 'MERGED') = (merged_into IS NOT NULL)),
        CHECK ((sealed_address IS NULL) = (country_code IS NULL)),
        CHECK ((shipping IS NULL) = (country_code IS NULL) AND (tax IS NULL) = (country_code IS NULL)),
        CHECK (
          total = subtotal - discount + coalesce(shipping, 0) + CASE WHEN tax_included THEN 0 ELSE coalesce(tax, 0) END
        )
      )`);
    // One live cart an owner, however many requests make one at once; also how an owner's cart is found.
    await queryRunner.query(
      `CREATE UNIQUE INDEX cart_one_live ON cart (owner_kind, owner_id) WHERE status IN ('ACTIVE', 'CLAIMED')`,
    );
    await queryRunner.query(
      `CREATE INDEX cart_abandoned ON cart (updated_at) WHERE owner_kind = 'guest' AND status IN ('ACTIVE', 'MERGED')`,
    );
    await queryRunner.query('CREATE INDEX cart_merged_into ON cart (merged_into) WHERE merged_into IS NOT NULL');
    await queryRunner.query(`
      CREATE TABLE cart_line (
        id uuid PRIMARY KEY,
        cart_id uuid NOT NULL REFERENCES cart (id) ON DELETE CASCADE,
        variant_id uuid NOT NULL,
        product_id uuid NOT NULL,
        sku text NOT NULL,
        product_name text NOT NULL,
        variant_name text NOT NULL,
        image jsonb,
        quantity integer NOT NULL CHECK (quantity BETWEEN 1 AND 9999),
        unit_price bigint NOT NULL CHECK (unit_price >= 0),
        discount bigint NOT NULL CHECK (discount >= 0),
        total bigint NOT NULL CHECK (total >= 0),
        price_version bigint NOT NULL,
        UNIQUE (cart_id, variant_id),
        CHECK (total = unit_price * quantity - discount)
      )`);
    // Which carts hold a variant at an older price.
    await queryRunner.query('CREATE INDEX cart_line_variant ON cart_line (variant_id, price_version)');
    await queryRunner.query(`
      CREATE TABLE quote (
        order_id uuid PRIMARY KEY,
        cart_id uuid REFERENCES cart (id) ON DELETE SET NULL,
        state text NOT NULL CHECK (state IN ('CLAIMED', 'RELEASED', 'SPENT')),
        answer jsonb,
        created_at timestamptz(3) NOT NULL,
        CHECK (state = 'RELEASED' OR (cart_id IS NOT NULL AND answer IS NOT NULL))
      )`);
    await queryRunner.query('CREATE INDEX quote_cart ON quote (cart_id)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE quote, cart_line, cart');
    await queryRunner.query('DROP SEQUENCE price_version');
  }
}
