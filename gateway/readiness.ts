/** Whether the graph answers: asked until a query through every subgraph has succeeded once, then told about, not judged by. */
import type { ApolloServer } from '@apollo/server';
import { ANONYMOUS } from '../platform/auth/principal';
import type { ErrorCode } from '../platform/errors';
import { withLogScope } from '../platform/log';
import { openOperation, type OperationContext } from './context';
import type { SubgraphHealth } from './subgraph-health';

/** Reaches every subgraph; nothing has these ids. */
const PROBE = `query Readiness {
  me { id }
  user(id: "user_00000000000000000000000000") { id }
  products(first: 1) { nodes { id } }
  cart(token: "readiness") { id }
  order(id: "ord_00000000000000000000000000") { id }
  payment(id: "pay_00000000000000000000000000") { id }
}`;
const REQUEST_ID = 'readiness';

/** Answers younger than this are given again, in milliseconds: probes of a fleet must not become a load. */
const FRESH_MS = 1_000;

/** A missing session is an answer too; these two are not. */
const FAILURES: ReadonlySet<unknown> = new Set<ErrorCode>(['SERVICE_UNAVAILABLE', 'INTERNAL_ERROR']);

/** What /health/ready says. */
export interface ReadinessReport {
  status: 'ready' | 'starting' | 'stopping';
  /** Subgraphs that could not be reached. */
  down: string[];
}

/** Keeps the state. */
export class Readiness {
  private succeeded = false;
  private stopping = false;
  private probe?: Promise<void>;
  private probedAt = -Infinity;

  constructor(
    private readonly apollo: ApolloServer<OperationContext>,
    private readonly health: SubgraphHealth,
    private readonly query: string = PROBE,
  ) {}

  /** From now on the process is not ready. */
  stop(): void {
    this.stopping = true;
  }

  /** Asks the graph, unless it has just been asked. */
  async report(): Promise<ReadinessReport> {
    if (this.stopping) return { status: 'stopping', down: this.health.down() };
    if (performance.now() - this.probedAt > FRESH_MS) this.probe ??= this.ask();
    await this.probe;
    return { status: this.succeeded ? 'ready' : 'starting', down: this.health.down() };
  }

  private async ask(): Promise<void> {
    // Infinity: nobody's bucket pays for the gateway's own question.
    const given = { principal: ANONYMOUS, requestId: REQUEST_ID, door: 'http', tokensTaken: Infinity } as const;
    const { context, release } = openOperation(given);
    try {
      const { body } = await withLogScope({ requestId: REQUEST_ID }, () =>
        this.apollo.executeOperation({ query: this.query }, { contextValue: context }),
      );
      if (body.kind !== 'single' || body.singleResult.data === undefined) return;
      const failed = body.singleResult.errors?.some(({ extensions }) => FAILURES.has(extensions?.['code']));
      if (!failed) this.succeeded = true;
    } finally {
      release();
      this.probedAt = performance.now();
      this.probe = undefined;
    }
  }
}
