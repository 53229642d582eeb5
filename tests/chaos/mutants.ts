/**
 * Shops with a known flaw, to show that the checker finds it: a copy of the program with one place changed, or a database
 * without one of its constraints. The product itself is never changed.
 */
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { SubgraphName } from '../../platform/config';
import { PROJECT_ROOT } from '../../platform/root';
import { StartProblem } from '../../platform/start-problem';
import type { FaultCounts } from './faults';

/** A flaw. */
export interface Mutant {
  /** What is wrong, and what it does. */
  flaw: string;
  /** Replaced in the copy: each text stands in its file exactly once. */
  patches: readonly { file: string; from: string; to: string }[];
  /** Run on a database before the first checkout. */
  statements: readonly { subgraph: SubgraphName; sql: string }[];
  /** The faults that bring it to light, with the least of them. */
  faults: Omit<FaultCounts, 'storeKills'>;
}

const none = { kills: 0, exact: 0, points: '' };

/** All of them, by name. */
export const MUTANTS: Readonly<Record<string, Mutant>> = {
  'two-payments': {
    flaw: 'An order can have several payments: the unique constraint is gone.',
    patches: [{ file: 'subgraphs/payments/authorize-payment.js', from: 'ON CONFLICT (order_id) DO NOTHING', to: '' }],
    statements: [{ subgraph: 'payments', sql: 'ALTER TABLE payment DROP CONSTRAINT payment_order_id_key' }],
    // A payment in doubt is asked for twice, and cards that are slow or fail once are among the load.
    faults: { checkouts: 80, ...none },
  },
  'keys-forgotten': {
    flaw: 'An idempotency key can be claimed again: the primary key is gone.',
    patches: [
      {
        file: 'platform/db/idempotency.js',
        from: `VALUES ($1, $2, $3, $4)
     ON CONFLICT (actor, mutation, key) DO UPDATE SET input_hash = $4, outcome = NULL, created_at = now()
       WHERE idempotency.outcome IS NOT NULL AND idempotency.created_at < now() - make_interval(hours => $5)`,
        to: 'SELECT $1, $2, $3, $4 WHERE $5::int > 0',
      },
    ],
    statements: (['orders', 'payments', 'catalog'] as const).map((subgraph) => {
      return { subgraph, sql: 'ALTER TABLE idempotency DROP CONSTRAINT idempotency_pkey' };
    }),
    faults: { checkouts: 80, kills: 2, exact: 2, points: 'orders: after commit' },
  },
  'acknowledged-before-commit': {
    flaw: 'A message is acknowledged before its effect is committed.',
    patches: [
      {
        file: 'platform/bus/rabbit-consumer.js',
        from: 'const next = await judge(queue, message, handle, attempt, context);',
        to: `void judge(queue, message, handle, attempt, context); const next = { kind: 'done' };`,
      },
    ],
    statements: [],
    // Nearly all that accounts commits during the load are effects of messages.
    faults: { checkouts: 80, kills: 0, exact: 6, points: 'accounts: before commit' },
  },
  'float-total': {
    flaw: 'The amount to be charged goes through floating point.',
    patches: [
      {
        file: 'subgraphs/orders/checkout/authorize-payment.js',
        from: 'const { total: amount, currencyCode } = quote;',
        to: 'const { total, currencyCode } = quote; const amount = BigInt(Math.floor((Number(total) / 100) * 100));',
      },
    ],
    statements: [],
    // Every eighteenth amount or so is a cent less then.
    faults: { checkouts: 160, ...none },
  },
  'no-outbox': {
    flaw: 'Events are written after the transaction of their change, by the process that made it.',
    patches: [
      {
        file: 'platform/outbox/outbox.js',
        from: 'await tx.insert(_outboxentity.OutboxRow, {',
        to: `({ insert: (...row) => setTimeout(() => tx.dataSource.manager.insert(...row).catch(() => undefined), 50) })
          .insert(_outboxentity.OutboxRow, {`,
      },
    ],
    statements: [],
    faults: { checkouts: 80, kills: 0, exact: 8, points: 'orders: after commit' },
  },
  'sold-twice': {
    flaw: 'Stock is reserved without looking at what is left, and no constraint minds.',
    patches: [
      {
        file: 'subgraphs/catalog/stock/reserve-stock.js',
        from: 'availableOf(levels.get(line.variantId)) < line.quantity',
        to: 'availableOf(levels.get(line.variantId)) < 0 && line.quantity',
      },
    ],
    statements: ['stock_level_reserved', 'stock_level_on_hand_check'].map((constraint) => {
      return { subgraph: 'catalog' as const, sql: `ALTER TABLE stock_level DROP CONSTRAINT ${constraint}` };
    }),
    faults: { checkouts: 120, ...none },
  },
};

/** What a program finds beside dist/. */
const BESIDE = ['package.json', 'node_modules', 'schema', 'gateway', 'subgraphs', 'platform'];

/** Makes the copy; gives its root. */
export async function buildMutant(mutant: Pick<Mutant, 'patches'>, folder: string): Promise<string> {
  const root = path.join(folder, 'mutant');
  await mkdir(root);
  await cp(path.join(PROJECT_ROOT, 'dist'), path.join(root, 'dist'), { recursive: true });
  for (const name of BESIDE) await symlink(path.join(PROJECT_ROOT, name), path.join(root, name));
  for (const { file, from, to } of mutant.patches) {
    const target = path.join(root, 'dist', file);
    const parts = (await readFile(target, 'utf8')).split(from);
    if (parts.length !== 2)
      throw new StartProblem(`The mutant no longer fits ${file}: its text is there ${parts.length - 1} times.`);
    await writeFile(target, parts.join(to));
  }
  return root;
}
