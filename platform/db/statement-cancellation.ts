import { Pool } from 'pg';
import { EventSubscriber, type EntitySubscriberInterface, type QueryRunner } from 'typeorm';
import type { AfterQueryEvent, BeforeQueryEvent } from 'typeorm/subscriber/event/QueryEvent.js';
import { isTransactionControl } from './statement-counter';
import { statementsAbandoned } from './statement-scope';

/** How long the connection that cancels is kept after its last use, and may take to open, in milliseconds. */
const IDLE_MS = 10_000;
const CONNECT_MS = 3_000;

/**
 * Cancels the statement that runs for a request when nobody waits for it any more (statement-scope.ts), and lets no other
 * begin. Whoever asks for much and hangs up would otherwise keep the database busy for as long as a statement may take.
 */
@EventSubscriber()
export class StatementCancellation implements EntitySubscriberInterface {
  /** Apart from the pool of the statements: that may be full of what is to be cancelled. Opened when first needed. */
  private readonly pool: Pool;
  /** What ends the watch over each statement of a runner; they have one connection and one signal, so which is which is all one. */
  private readonly watched = new WeakMap<QueryRunner, (() => Promise<void> | undefined)[]>();

  /** `url` is the database's. */
  constructor(url: string, applicationName: string) {
    this.pool = new Pool({
      connectionString: url,
      max: 1,
      idleTimeoutMillis: IDLE_MS,
      connectionTimeoutMillis: CONNECT_MS,
      application_name: applicationName,
    });
    this.pool.on('error', () => undefined); // lost while idle: the next one opens another
  }

  /** Called by TypeORM, which waits for it; what it throws fails the statement. */
  beforeQuery({ query, queryRunner }: BeforeQueryEvent): Promise<void> | undefined {
    const abandoned = statementsAbandoned();
    // A transaction whose statement was cancelled is still to be rolled back.
    return abandoned && !isTransactionControl(query) ? this.watch(queryRunner, abandoned) : undefined;
  }

  /** Called by TypeORM, which keeps the connection until it is done. */
  afterQuery({ queryRunner }: AfterQueryEvent): Promise<void> | undefined {
    return this.watched.get(queryRunner)?.pop()?.();
  }

  /** Closes its connection. */
  close(): Promise<void> {
    return this.pool.end();
  }

  private async watch(queryRunner: QueryRunner, abandoned: AbortSignal): Promise<void> {
    const connection: unknown = await queryRunner.connect();
    abandoned.throwIfAborted();
    const backend = backendOf(connection);
    if (backend === undefined) return;
    let cancelled: Promise<void> | undefined;
    const cancel = (): void => {
      cancelled = this.cancel(backend);
    };
    abandoned.addEventListener('abort', cancel, { once: true });
    const unwatch = (): Promise<void> | undefined => {
      abandoned.removeEventListener('abort', cancel);
      // The connection's next statement is somebody else's: it must not begin while a cancellation is under way.
      return cancelled;
    };
    this.watched.set(queryRunner, [...(this.watched.get(queryRunner) ?? []), unwatch]);
  }

  private async cancel(backend: number): Promise<void> {
    // If the database does not take it, the statement ends by its own time limit.
    await this.pool.query('SELECT pg_cancel_backend($1)', [backend]).catch(() => undefined);
  }
}

/** The process id of the connection's server process. */
function backendOf(connection: unknown): number | undefined {
  if (typeof connection !== 'object' || connection === null || !('processID' in connection)) return undefined;
  return typeof connection.processID === 'number' ? connection.processID : undefined;
}
