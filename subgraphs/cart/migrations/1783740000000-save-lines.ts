import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Lines saved for later. A cart holds a variant once, and may have it saved once more. */
export class SaveLines1783740000000 implements MigrationInterface {
  name = 'SaveLines1783740000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE cart_line ADD COLUMN saved boolean NOT NULL DEFAULT false,
        ADD CONSTRAINT cart_line_saved CHECK (NOT saved OR discount = 0),
        DROP CONSTRAINT cart_line_cart_id_variant_id_key,
        ADD CONSTRAINT cart_line_variant_once UNIQUE (cart_id, variant_id, saved)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    // Without the column they would stand in the cart, and its totals would be wrong.
    await queryRunner.query('DELETE FROM cart_line WHERE saved');
    await queryRunner.query(`
      ALTER TABLE cart_line DROP CONSTRAINT cart_line_variant_once, DROP CONSTRAINT cart_line_saved, DROP COLUMN saved,
        ADD CONSTRAINT cart_line_cart_id_variant_id_key UNIQUE (cart_id, variant_id)`);
  }
}
