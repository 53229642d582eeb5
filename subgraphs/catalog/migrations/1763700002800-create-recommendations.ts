import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What was bought together: the products of confirmed orders, and how many orders hold each pair. */
export class CreateRecommendations1763700002800 implements MigrationInterface {
  name = 'CreateRecommendations1763700002800';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE basket (
        order_id uuid PRIMARY KEY,
        -- what was counted, and is taken out again if the order is cancelled; empty: cancelled before it was heard of
        product_ids uuid[] NOT NULL CHECK (cardinality(product_ids) <= 20),
        cancelled boolean NOT NULL DEFAULT false
      )`);
    // Each pair stands here twice, so that one index answers for either product. No foreign keys: counting must not lock products.
    await queryRunner.query(`
      CREATE TABLE bought_together (
        product_id uuid NOT NULL,
        other_id uuid NOT NULL CHECK (other_id <> product_id),
        orders integer NOT NULL CHECK (orders > 0),
        PRIMARY KEY (product_id, other_id)
      )`);
    await queryRunner.query(
      'CREATE INDEX bought_together_most ON bought_together (product_id, orders DESC, other_id DESC)',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE bought_together, basket');
  }
}
