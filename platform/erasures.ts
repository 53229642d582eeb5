/**
 * Forgetting what is held of users who are gone: at once, and again later. Something of theirs may be under way that needs it,
 * and an access token of before lives on for up to an hour, with which more can be made.
 */
import type { EntityManager, MigrationInterface, QueryRunner } from 'typeorm';
import type { Job, Services } from './subgraph';

/** How long somebody is looked at in any case, in days: longer than an access token lives. */
const LEAST_DAYS = 1;

/** Forgets what can be forgotten of what a user owns, or an API client of one. True when nothing is left for later. */
type Erase = (tx: EntityManager, ownerId: string, services: Services) => Promise<boolean>;

/** Creates and drops the table of those to forget; every subgraph that does so extends it under a timestamped name of its own. */
export abstract class ErasuresMigration implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // A user's id, or that of an API client of one.
    await queryRunner.query('CREATE TABLE erased_user (user_id uuid PRIMARY KEY, erased_at timestamptz(3) NOT NULL)');
    await queryRunner.query('CREATE INDEX erased_user_oldest ON erased_user (erased_at)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE erased_user');
  }
}

/** Forgets a user and the user's API clients, and notes all of them for the job. */
export async function eraseUser(
  tx: EntityManager,
  services: Services,
  { userId, clientIds }: { userId: string; clientIds: readonly string[] },
  erase: Erase,
): Promise<void> {
  for (const ownerId of [userId, ...clientIds]) {
    await tx.query('INSERT INTO erased_user (user_id, erased_at) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      ownerId,
      services.clock.now(),
    ]);
    await erase(tx, ownerId, services);
  }
}

/** The job, every ten minutes: goes over all who are noted until nothing is left. */
export function eraseLaterJob(name: string, erase: Erase): Job<Services> {
  return {
    name,
    everyMs: 600_000,
    async run(services) {
      const before = new Date(services.clock.now().getTime() - LEAST_DAYS * 86_400_000);
      const noted = await services.db.rows<{ ownerId: string; erasedAt: Date }>(
        'SELECT user_id AS "ownerId", erased_at AS "erasedAt" FROM erased_user ORDER BY erased_at',
      );
      for (const { ownerId, erasedAt } of noted) {
        await services.db.transaction(async (tx) => {
          const done = await erase(tx, ownerId, services);
          if (done && erasedAt < before) await tx.query('DELETE FROM erased_user WHERE user_id = $1', [ownerId]);
        });
      }
    },
  };
}
