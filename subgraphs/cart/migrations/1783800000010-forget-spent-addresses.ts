import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Carts that became orders, and their quotes, lose the address: the order has it, and forgets it in its time. */
export class ForgetSpentAddresses1783800000010 implements MigrationInterface {
  name = 'ForgetSpentAddresses1783800000010';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      UPDATE cart SET sealed_address = NULL, country_code = NULL, tax_region = NULL, shipping = NULL, tax = NULL,
        total = subtotal - discount
      WHERE status = 'SPENT' AND sealed_address IS NOT NULL`);
    await queryRunner.query(
      `UPDATE quote SET answer = jsonb_set(answer, '{quote,sealedAddress}', '""') WHERE state = 'SPENT'`,
    );
  }

  async down(): Promise<void> {
    // What is forgotten can not come back, and nobody read it.
  }
}
