import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Categories, products, variants and prices, laid out for reading: what a list filters or sorts by stands on the product row. */
export class CreateCatalog1763700000001 implements MigrationInterface {
  name = 'CreateCatalog1763700000001';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE category (
        id uuid PRIMARY KEY,
        slug text NOT NULL CONSTRAINT category_slug UNIQUE,
        name text NOT NULL,
        parent_id uuid REFERENCES category,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CHECK (parent_id <> id)
      )`);
    await queryRunner.query('CREATE INDEX category_parent ON category (parent_id)');
    await queryRunner.query(`
      CREATE TABLE product (
        id uuid PRIMARY KEY,
        slug text NOT NULL CONSTRAINT product_slug UNIQUE,
        name text NOT NULL,
        -- what NAME_ASC sorts by: the same order on every machine
        name_key text COLLATE "C" NOT NULL,
        description text,
        category_id uuid REFERENCES category,
        attributes jsonb NOT NULL,
        -- attributes again, as "name<unit separator>value": one index answers every attribute filter
        tags text[] NOT NULL,
        images jsonb NOT NULL,
        search tsvector NOT NULL DEFAULT '',
        -- in the shop's currency, over all variants
        min_price bigint NOT NULL DEFAULT 0,
        max_price bigint NOT NULL DEFAULT 0,
        -- whether any variant has a unit that nobody has reserved
        available boolean NOT NULL DEFAULT false,
        sold bigint NOT NULL DEFAULT 0 CHECK (sold >= 0),
        version integer NOT NULL DEFAULT 1,
        archived_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CHECK (min_price <= max_price)
      )`);
    const listed = 'WHERE archived_at IS NULL';
    await queryRunner.query(`CREATE INDEX product_newest ON product (created_at DESC, id DESC) ${listed}`);
    await queryRunner.query(`CREATE INDEX product_price ON product (min_price, id) ${listed}`);
    await queryRunner.query(`CREATE INDEX product_name ON product (name_key, id) ${listed}`);
    await queryRunner.query(`CREATE INDEX product_best_selling ON product (sold DESC, id DESC) ${listed}`);
    await queryRunner.query(`CREATE INDEX product_sold_out ON product (id) ${listed} AND NOT available`);
    await queryRunner.query(`CREATE INDEX product_tags ON product USING gin (tags) ${listed}`);
    await queryRunner.query(`CREATE INDEX product_search ON product USING gin (search) ${listed}`);
    await queryRunner.query(`CREATE INDEX product_category ON product (category_id, id) ${listed}`);
    await queryRunner.query(
      `CREATE INDEX product_price_range ON product USING gist (int8range(min_price, max_price, '[]')) ${listed}`,
    );
    await queryRunner.query(`
      CREATE TABLE variant (
        id uuid PRIMARY KEY,
        product_id uuid NOT NULL REFERENCES product,
        sku text NOT NULL CONSTRAINT variant_sku UNIQUE,
        name text NOT NULL,
        options jsonb NOT NULL,
        -- null: the product's first picture
        image jsonb,
        position integer NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT variant_position UNIQUE (product_id, position)
      )`);
    await queryRunner.query(`
      CREATE TABLE variant_price (
        variant_id uuid NOT NULL REFERENCES variant,
        currency text NOT NULL,
        amount bigint NOT NULL CHECK (amount >= 0),
        compare_at bigint CHECK (compare_at >= 0),
        PRIMARY KEY (variant_id, currency)
      )`);
    await queryRunner.query(`
      CREATE TABLE category_reindex (
        category_id uuid PRIMARY KEY REFERENCES category,
        -- products up to this id are done
        after_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE category_reindex, variant_price, variant, product, category');
  }
}
