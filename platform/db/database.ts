/** One subgraph's database: pool, transactions, statement counts. */
import {
  DataSource,
  QueryRunnerAlreadyReleasedError,
  QueryRunnerProviderAlreadyReleasedError,
  type EntityManager,
  type MixedList,
} from 'typeorm';
import { Counter, Histogram } from 'prom-client';
import { Fault } from '../errors';
import { explainConnecting } from './connect-problem';
import { StatementCancellation } from './statement-cancellation';
import { CountStatements } from './statement-counter';
import { statementSource } from './statement-scope';

const statements = new Counter({
  name: 'souk_db_statements_total',
  help: 'SQL statements sent, without transaction control, by subgraph and by what caused them.',
  labelNames: ['subgraph', 'source'],
});
const durations = new Histogram({
  name: 'souk_db_statement_seconds',
  help: 'Time of SQL statements, by subgraph.',
  labelNames: ['subgraph'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
});

/** How a subgraph reaches its database. */
export interface DatabaseOptions {
  subgraph: string;
  url: string;
  entities: MixedList<Function>;
  migrations: MixedList<Function>;
  /** A read replica of the same database, for what may be a moment old. */
  replicaUrl?: string;
  /** Connections at most, to each (default 10). */
  poolSize?: number;
}

/** A subgraph's database. */
export class Database {
  private constructor(
    readonly dataSource: DataSource,
    private readonly replica: DataSource | null,
    private readonly cancellations: readonly StatementCancellation[],
  ) {}

  /** Connects. Does not migrate. */
  static async connect(options: DatabaseOptions): Promise<Database> {
    const primary = await open(options, options.url);
    const replica = options.replicaUrl ? await open(options, options.replicaUrl) : null;
    const cancellations = [primary, ...(replica ? [replica] : [])].map(({ cancellation }) => cancellation);
    return new Database(primary.dataSource, replica?.dataSource ?? null, cancellations);
  }

  /** For statements outside a transaction. */
  get manager(): EntityManager {
    return this.dataSource.manager;
  }

  /** Rows of one statement; `$1`, `$2`, … are the parameters. bigint and numeric columns come as strings. */
  async rows<Row extends object>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    return this.dataSource.query<Row[]>(sql, [...parameters]);
  }

  /** The same from the replica, if there is one: a moment old then. For lists and searches, never for what is decided upon. */
  async staleRows<Row extends object>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    return (this.replica ?? this.dataSource).query<Row[]>(sql, [...parameters]);
  }

  /**
   * Runs `work` in one READ COMMITTED transaction. A deadlock or serialization failure (SQLSTATE 40P01, 40001) runs it
   * again, three times at most, so `work` must have no effect outside the transaction.
   */
  async transaction<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.dataSource.transaction(work);
      } catch (error) {
        // TypeORM takes a lost connection away from `work` while it runs, and says no more than that at its next statement.
        if (LOST_CONNECTION.some((kind) => error instanceof kind)) {
          throw new Fault('SERVICE_UNAVAILABLE', undefined, undefined, { cause: error });
        }
        if (attempt >= 3 || !isRetryable(error)) throw error;
      }
    }
  }

  /** Whether it answers now. */
  answers(): Promise<boolean> {
    return this.rows('SELECT 1').then(
      () => true,
      () => false,
    );
  }

  async close(): Promise<void> {
    for (const opened of [this.dataSource, this.replica]) if (opened?.isInitialized) await opened.destroy();
    await Promise.all(this.cancellations.map((cancellation) => cancellation.close()));
  }
}

async function open(
  options: DatabaseOptions,
  url: string,
): Promise<{ dataSource: DataSource; cancellation: StatementCancellation }> {
  const applicationName = `souk-${options.subgraph}`;
  const dataSource = new DataSource({
    type: 'postgres',
    url,
    entities: options.entities,
    migrations: options.migrations,
    migrationsTableName: 'migrations',
    synchronize: false,
    poolSize: options.poolSize ?? 10,
    connectTimeoutMS: 3_000,
    extra: {
      application_name: applicationName,
      // Our statements are short: in a large shop compiling one took 200 ms where running it took 5.
      options: '-c jit=off',
      statement_timeout: 10_000,
      idle_in_transaction_session_timeout: 30_000,
    },
    poolErrorHandler: () => undefined, // an idle connection lost: the pool opens another; nothing to do, must not crash
    subscribers: [],
    logging: false,
  });
  await explainConnecting(url, () => dataSource.initialize());
  const cancellation = new StatementCancellation(url, applicationName);
  dataSource.subscribers.push(
    new CountStatements((seconds) => {
      statements.inc({ subgraph: options.subgraph, source: statementSource() });
      durations.observe({ subgraph: options.subgraph }, seconds);
    }),
    cancellation,
  );
  return { dataSource, cancellation };
}

/** What TypeORM throws in a transaction whose connection is gone. */
const LOST_CONNECTION = [QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError];

function isRetryable(error: unknown): boolean {
  return sqlState(error) === '40P01' || sqlState(error) === '40001';
}

/** SQLSTATE of a database error (PostgreSQL appendix A), or undefined. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Whether the error is a unique violation (23505), of the named constraint or index if given. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  if (sqlState(error) !== '23505' || !(error instanceof Error)) return false;
  return constraint === undefined || ('constraint' in error && error.constraint === constraint);
}
