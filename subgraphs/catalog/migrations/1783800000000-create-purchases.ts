import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who bought what, for recommendations to users; and whose purchases must not be kept any more. */
export class CreatePurchases1783800000000 implements MigrationInterface {
  name = 'CreatePurchases1783800000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE purchase (
        order_id uuid PRIMARY KEY,
        user_id uuid NOT NULL,
        product_ids uuid[] NOT NULL
      )`);
    await queryRunner.query('CREATE INDEX purchase_user ON purchase (user_id)');
    await queryRunner.query('CREATE TABLE erased_user (user_id uuid PRIMARY KEY)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE erased_user, purchase');
  }
}
