/**
 * Idempotency of mutations: a client's key belongs to caller and mutation for 24 hours. The row is written in the transaction
 * of the effect; concurrent duplicates wait for the first. Same key and input: the first outcome. Other input: DUPLICATE_REQUEST.
 */
import { createHash } from 'node:crypto';
import type { EntityManager, MigrationInterface, QueryRunner } from 'typeorm';
import { UserFault, type UserErrorValue } from '../errors';
import type { Database } from './database';

/** How long a key is remembered, in hours. */
const REMEMBERED_HOURS = 24;

/** Creates and drops the table; every subgraph with such mutations extends it under a timestamped name of its own. */
export abstract class IdempotencyMigration implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE idempotency (
        actor text NOT NULL,
        mutation text NOT NULL,
        key text NOT NULL,
        input_hash text NOT NULL,
        -- null while the work goes on over several transactions
        outcome jsonb,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (actor, mutation, key)
      )`);
    await queryRunner.query(
      'CREATE INDEX idempotency_created_at ON idempotency (created_at) WHERE outcome IS NOT NULL',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE idempotency');
  }
}

/** Whose key for which mutation, and a digest of what was asked. */
export interface IdempotencyKey {
  /** `user:<uuid>`, `guest:<cart uuid>`, `client:<uuid>`. */
  actor: string;
  mutation: string;
  key: string;
  /** The validated input; hashed, never stored. */
  input: unknown;
}

/** What was done: the object's uuid, or the user errors. */
export type Outcome = { objectId: string } | { errors: UserErrorValue[] };

/** State of a key after claiming it: new, being worked on, or done. */
export type Claim = { state: 'new' } | { state: 'working' } | { state: 'done'; outcome: Outcome };

/** Claims the key inside the transaction of the effect. Throws UserFault DUPLICATE_REQUEST when it was used for other input. */
export async function claimKey(tx: EntityManager, id: IdempotencyKey): Promise<Claim> {
  const hash = createHash('sha256').update(canonical(id.input)).digest('base64url');
  const fresh: unknown[] = await tx.query(
    `INSERT INTO idempotency (actor, mutation, key, input_hash) VALUES ($1, $2, $3, $4)
     ON CONFLICT (actor, mutation, key) DO UPDATE SET input_hash = $4, outcome = NULL, created_at = now()
       WHERE idempotency.outcome IS NOT NULL AND idempotency.created_at < now() - make_interval(hours => $5)
     RETURNING 1 AS one`,
    [id.actor, id.mutation, id.key, hash, REMEMBERED_HOURS],
  );
  if (fresh.length > 0) return { state: 'new' };
  const [row]: { input_hash: string; outcome: StoredOutcome | null }[] = await tx.query(
    'SELECT input_hash, outcome FROM idempotency WHERE actor = $1 AND mutation = $2 AND key = $3',
    [id.actor, id.mutation, id.key],
  );
  if (row && row.input_hash !== hash) throw UserFault.of('DUPLICATE_REQUEST', undefined, ['idempotencyKey']);
  if (!row || row.outcome === null) return { state: 'working' };
  return { state: 'done', outcome: restore(row.outcome) };
}

/** Stores the outcome of a claimed key. */
export async function finishKey(tx: EntityManager, id: Omit<IdempotencyKey, 'input'>, outcome: Outcome): Promise<void> {
  await tx.query('UPDATE idempotency SET outcome = $4 WHERE actor = $1 AND mutation = $2 AND key = $3', [
    id.actor,
    id.mutation,
    id.key,
    JSON.stringify(outcome, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)),
  ]);
}

/** Forgets a claimed key, so that it can be sent again: after an outage nothing is remembered. */
export async function forgetKey(tx: EntityManager, id: Omit<IdempotencyKey, 'input'>): Promise<void> {
  await tx.query('DELETE FROM idempotency WHERE actor = $1 AND mutation = $2 AND key = $3', [
    id.actor,
    id.mutation,
    id.key,
  ]);
}

/**
 * Runs a use case of one transaction once for its key and gives the uuid of its object. What it refuses with a UserFault is
 * rolled back and remembered; any other failure, and a refusal that says to try again, is rolled back whole and not remembered.
 */
export async function idempotently(
  db: Database,
  id: IdempotencyKey,
  work: (tx: EntityManager) => Promise<string>,
): Promise<string> {
  const outcome = await db.transaction(async (tx): Promise<Outcome> => {
    const claim = await claimKey(tx, id);
    if (claim.state === 'done') return claim.outcome;
    if (claim.state === 'working') throw workingOnIt();
    // A savepoint: a refusal undoes the work, not the claim.
    const result = await tx
      .transaction(async (inner): Promise<Outcome> => ({ objectId: await work(inner) }))
      .catch((error: unknown): Outcome => {
        if (error instanceof UserFault && !isPassing(error)) return { errors: [...error.errors] };
        throw error;
      });
    await finishKey(tx, id, result);
    return result;
  });
  return objectOf(outcome);
}

/** Whether it says to send the same again in a moment: remembered, that would be the answer for a day. */
function isPassing({ errors }: UserFault): boolean {
  return errors.some(({ details }) => details?.['retryable'] === true);
}

/** The object of an outcome; throws its user errors. */
export function objectOf(outcome: Outcome): string {
  if ('objectId' in outcome) return outcome.objectId;
  throw new UserFault(outcome.errors);
}

/** CONFLICT, retryable: the same key is being worked on. */
export function workingOnIt(): UserFault {
  return UserFault.of(
    'CONFLICT',
    'A request with this key is being worked on. Send it again in a moment.',
    ['idempotencyKey'],
    {
      retryable: true,
    },
  );
}

/** Removes finished keys that are no longer remembered; a job. */
export async function pruneKeys(db: Database): Promise<void> {
  await db.rows(
    `DELETE FROM idempotency WHERE outcome IS NOT NULL AND created_at < now() - make_interval(hours => $1)`,
    [REMEMBERED_HOURS],
  );
}

type StoredError = Omit<UserErrorValue, 'currentTotal'> & { currentTotal?: { minor: string; currencyCode: string } };
type StoredOutcome = { objectId: string } | { errors: StoredError[] };

function restore(stored: StoredOutcome): Outcome {
  if ('objectId' in stored) return stored;
  return {
    errors: stored.errors.map(({ currentTotal, ...error }) => ({
      ...error,
      ...(currentTotal && {
        currentTotal: { minor: BigInt(currentTotal.minor), currencyCode: currentTotal.currencyCode },
      }),
    })),
  };
}

/** The same input gives the same text whatever the order of its fields; absent and null are the same. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'bigint') return part.toString();
    if (part === null || typeof part !== 'object' || Array.isArray(part)) return part;
    return Object.fromEntries(
      Object.entries(part)
        .filter(([, inner]) => inner !== null && inner !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  });
}
