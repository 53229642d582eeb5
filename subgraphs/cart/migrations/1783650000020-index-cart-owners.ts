import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Finds all carts of an owner, also those that became orders. */
export class IndexCartOwners1783650000020 implements MigrationInterface {
  name = 'IndexCartOwners1783650000020';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('CREATE INDEX cart_owner ON cart (owner_kind, owner_id)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP INDEX cart_owner');
  }
}
