import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Orders that wait for their buyer to approve the payment. */
export class AddNextAction1700000000016 implements MigrationInterface {
  name = 'AddNextAction1700000000016';

  async up(queryRunner: QueryRunner): Promise<void> {
    // sealed
    await queryRunner.query(
      'ALTER TABLE orders ADD COLUMN next_action text, ADD COLUMN next_action_until timestamptz(3)',
    );
    await this.allow(queryRunner, `'none', 'asked', 'pending', 'waiting', 'authorized', 'declined', 'reversed'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    // In doubt is what such a payment was before; asked again it says the same.
    await queryRunner.query(`UPDATE checkout SET payment = 'pending' WHERE payment = 'waiting'`);
    await this.allow(queryRunner, `'none', 'asked', 'pending', 'authorized', 'declined', 'reversed'`);
    await queryRunner.query('ALTER TABLE orders DROP COLUMN next_action, DROP COLUMN next_action_until');
  }

  private async allow(queryRunner: QueryRunner, payments: string): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE checkout DROP CONSTRAINT checkout_payment_check,
         ADD CONSTRAINT checkout_payment_check CHECK (payment IN (${payments}))`,
    );
  }
}
