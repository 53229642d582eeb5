import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which returns have been put back into the stock. */
export class CreateRestockedReturn1763700000025 implements MigrationInterface {
  name = 'CreateRestockedReturn1763700000025';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE restocked_return (
        return_id uuid PRIMARY KEY,
        order_id uuid NOT NULL,
        restocked_at timestamptz(3) NOT NULL DEFAULT clock_timestamp()
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE restocked_return');
  }
}
