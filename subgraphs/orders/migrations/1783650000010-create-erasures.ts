import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Users whose orders are to lose what is personal as soon as they need it no more. */
export class CreateErasures1783650000010 implements MigrationInterface {
  name = 'CreateErasures1783650000010';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('CREATE TABLE erased_user (user_id uuid PRIMARY KEY, erased_at timestamptz(3) NOT NULL)');
    await queryRunner.query('CREATE INDEX erased_user_oldest ON erased_user (erased_at)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE erased_user');
  }
}
