import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whose API client placed an order: its partner sees the order too. */
export class AddPartners1783720000010 implements MigrationInterface {
  name = 'AddPartners1783720000010';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE checkout ADD partner_id uuid');
    await queryRunner.query(
      `ALTER TABLE orders ADD partner_id uuid, ADD CONSTRAINT orders_partner CHECK (partner_id IS NULL OR owner_kind = 'client')`,
    );
    await queryRunner.query(
      'CREATE INDEX orders_of_partner ON orders (partner_id, placed_at, id) WHERE partner_id IS NOT NULL',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE orders DROP partner_id');
    await queryRunner.query('ALTER TABLE checkout DROP partner_id');
  }
}
