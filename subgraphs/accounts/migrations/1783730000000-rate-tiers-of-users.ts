import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How many requests a user has, as admins set it. */
export class RateTiersOfUsers1783730000000 implements MigrationInterface {
  name = 'RateTiersOfUsers1783730000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE account ADD rate_tier text NOT NULL DEFAULT 'STANDARD'
        CHECK (rate_tier IN ('STANDARD', 'PREMIUM', 'PARTNER'))`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE account DROP rate_tier');
  }
}
