import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the brake on guessing counts. Who is meant is a blind index or hash: nobody's address can be read from it. */
export class CreateBrakes1783610000000 implements MigrationInterface {
  name = 'CreateBrakes1783610000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE account_brake (
        subject text PRIMARY KEY,
        -- times of the last five tries, the newest at the end
        tries timestamptz(3)[] NOT NULL,
        newest timestamptz(3) NOT NULL
      )`);
    await queryRunner.query('CREATE INDEX account_brake_newest ON account_brake (newest)');
    await queryRunner.query(`
      CREATE TABLE address_brake (
        address text PRIMARY KEY,
        since timestamptz(3) NOT NULL,
        failures integer NOT NULL CHECK (failures >= 0)
      )`);
    await queryRunner.query('CREATE INDEX address_brake_since ON address_brake (since)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE account_brake, address_brake');
  }
}
