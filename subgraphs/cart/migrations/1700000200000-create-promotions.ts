import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Promotions, their uses, and the codes of carts. */
export class CreatePromotions1700000200000 implements MigrationInterface {
  name = 'CreatePromotions1700000200000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE promotion (
        id uuid PRIMARY KEY,
        code text NOT NULL CONSTRAINT promotion_code UNIQUE CHECK (code ~ '^[A-Z0-9_-]{1,40}$'),
        name text NOT NULL,
        kind text NOT NULL CHECK (kind IN ('PERCENTAGE', 'FIXED_AMOUNT', 'FREE_SHIPPING', 'BUY_X_GET_Y')),
        percentage integer CHECK (percentage BETWEEN 1 AND 100),
        amount bigint CHECK (amount BETWEEN 1 AND 1000000000000),
        buy_quantity integer CHECK (buy_quantity BETWEEN 1 AND 9999),
        get_quantity integer CHECK (get_quantity BETWEEN 1 AND 9999),
        currency_code text NOT NULL CHECK (length(currency_code) = 3),
        minimum_spend bigint CHECK (minimum_spend BETWEEN 1 AND 1000000000000),
        product_ids uuid[] NOT NULL CHECK (cardinality(product_ids) <= 100),
        variant_ids uuid[] NOT NULL CHECK (cardinality(variant_ids) <= 100),
        starts_at timestamptz(3),
        ends_at timestamptz(3),
        per_user_limit integer CHECK (per_user_limit >= 1),
        total_limit integer CHECK (total_limit >= 1),
        priority integer NOT NULL,
        exclusive boolean NOT NULL,
        active boolean NOT NULL,
        used integer NOT NULL DEFAULT 0 CHECK (used >= 0),
        created_at timestamptz(3) NOT NULL,
        CHECK ((kind = 'PERCENTAGE') = (percentage IS NOT NULL)),
        CHECK ((kind = 'FIXED_AMOUNT') = (amount IS NOT NULL)),
        CHECK ((kind = 'BUY_X_GET_Y') = (buy_quantity IS NOT NULL) AND (kind = 'BUY_X_GET_Y') = (get_quantity IS NOT NULL)),
        CHECK (ends_at > starts_at),
        CHECK (used <= total_limit)
      )`);
    await queryRunner.query('CREATE INDEX promotion_active ON promotion (active, id)');
    // A row for each order that holds a use; gone when the use is given back.
    await queryRunner.query(`
      CREATE TABLE promotion_use (
        order_id uuid NOT NULL,
        promotion_id uuid NOT NULL REFERENCES promotion (id),
        owner_kind text NOT NULL CHECK (owner_kind IN ('guest', 'user', 'client')),
        owner_id uuid NOT NULL,
        PRIMARY KEY (order_id, promotion_id)
      )`);
    // How often somebody has used it, and was allowed to at the last use. Guests are not counted: they are new every time.
    await queryRunner.query(`
      CREATE TABLE promotion_owner (
        promotion_id uuid NOT NULL REFERENCES promotion (id),
        owner_kind text NOT NULL CHECK (owner_kind IN ('user', 'client')),
        owner_id uuid NOT NULL,
        used integer NOT NULL CHECK (used >= 0),
        allowed integer,
        PRIMARY KEY (promotion_id, owner_kind, owner_id),
        CHECK (used <= allowed)
      )`);
    await queryRunner.query(`
      ALTER TABLE cart ADD COLUMN promo_codes jsonb NOT NULL DEFAULT '[]'
        CHECK (jsonb_typeof(promo_codes) = 'array' AND jsonb_array_length(promo_codes) <= 10)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE cart DROP COLUMN promo_codes');
    await queryRunner.query('DROP TABLE promotion_owner, promotion_use, promotion');
  }
}
