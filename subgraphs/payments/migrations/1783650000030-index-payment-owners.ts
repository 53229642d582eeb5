import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Finds all payments of an owner. */
export class IndexPaymentOwners1783650000030 implements MigrationInterface {
  name = 'IndexPaymentOwners1783650000030';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('CREATE INDEX payment_owner ON payment (owner_kind, owner_id, created_at)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP INDEX payment_owner');
  }
}
