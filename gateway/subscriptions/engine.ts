/**
 * Runs subscriptions over the whole graph. The subgraph that owns the root field is asked for a stream; for each of its
 * events the rest of the plan runs against all subgraphs, as it would for a query, with the event as the first answer.
 */
import { executeQueryPlan, type GraphQLDataSource } from '@apollo/gateway';
import { GraphQLError, type DocumentNode, type ExecutionResult } from 'graphql';
import type { Principal } from '../../platform/auth/principal';
import type { Config } from '../../platform/config';
import { Fault } from '../../platform/errors';
import type { SubgraphEndpoint, SubgraphResult } from '../../platform/graph/endpoint';
import { withLogScope } from '../../platform/log';
import { openOperation, type OpenOperation } from '../context';
import type { EndpointDataSource } from '../data-source';
import type { ErrorFormatter } from '../format-error';
import { operationsTotal, subscriptionsActive } from '../metrics';
import { checkOperation } from '../operation-rules';
import { placeErrors } from '../place-errors';
import { openEvents, type Events } from './open-events';
import type { SubscriptionPlan, SubscriptionPlanner } from './plan';
import { RefusedOperation } from './refused-operation';
import { streamOf } from './stream';

/** One subscription of one client; `document` is `source`, parsed. */
export interface SubscriptionRequest {
  source: string;
  document: DocumentNode;
  operationName: string | undefined;
  variables: Record<string, unknown>;
  principal: Principal;
  requestId: string;
}

/** What the engine works with; both maps are by the subgraph's name. */
export interface EngineOptions {
  planner: SubscriptionPlanner;
  endpoints: ReadonlyMap<string, SubgraphEndpoint>;
  dataSources: ReadonlyMap<string, EndpointDataSource>;
  introspection: Config['introspection'];
  formatError: ErrorFormatter;
}

type Executor = typeof executeQueryPlan;

/** Runs subscriptions. */
export class SubscriptionEngine {
  constructor(private readonly options: EngineOptions) {}

  /**
   * The client's stream of answers, errors formatted. The source is opened by the first `next()`, which rejects with
   * {@link RefusedOperation} if it must not or cannot be; `return()` ends everything at any time.
   */
  subscribe(request: SubscriptionRequest): AsyncGenerator<ExecutionResult, undefined, undefined> {
    const gone = new AbortController();
    let opened: { plan: SubscriptionPlan; events: Events } | undefined;
    let current: OpenOperation | undefined;

    const pull = async (): Promise<IteratorResult<ExecutionResult, undefined>> => {
      try {
        if (!opened) {
          opened = await this.open(request, gone.signal);
          subscriptionsActive.inc();
          // It may have been opened in the very moment in which the client left.
          if (gone.signal.aborted) letGo();
        }
        const event = await opened.events.next();
        if (event.done) return { done: true, value: undefined };
        current = openOperation({ principal: request.principal, requestId: request.requestId, door: 'socket' });
        return { done: false, value: await this.answer(request, opened.plan, event.value, current) };
      } catch (error) {
        throw this.refusal(error);
      } finally {
        current?.release();
      }
    };
    const letGo = (): void => {
      gone.abort(new Fault('SERVICE_UNAVAILABLE', 'The client has gone.'));
      current?.leave();
      if (!opened) return;
      subscriptionsActive.dec();
      void opened.events.return?.();
    };
    return streamOf(() => withLogScope({ requestId: request.requestId }, pull), letGo);
  }

  private async open(
    request: SubscriptionRequest,
    gone: AbortSignal,
  ): Promise<{ plan: SubscriptionPlan; events: Events }> {
    const { source, document, operationName, variables, principal, requestId } = request;
    const plan = this.options.planner.plan(source, document, operationName);
    if (!('primary' in plan)) throw new AggregateError(plan);
    const endpoint = this.options.endpoints.get(plan.primary.serviceName);
    if (!endpoint) throw new Error(`There is no subgraph ${plan.primary.serviceName}.`);

    const { context, leave, release } = openOperation({ principal, requestId, door: 'socket' });
    const { apiSchema: schema } = this.options.planner;
    checkOperation(
      { context, operation: plan.operationContext.operation, document, schema, variables },
      this.options.introspection,
    );
    // `reads` ends the opening at its deadline; once that is off, the whole stream when the client goes.
    gone.addEventListener('abort', leave, { once: true });
    try {
      const events = await openEvents(endpoint, plan.primary, {
        variables,
        principal,
        requestId,
        signal: context.reads,
      });
      operationsTotal.inc({ type: 'subscription', code: 'OK' });
      return { plan, events };
    } finally {
      release();
    }
  }

  private async answer(
    request: SubscriptionRequest,
    { perEvent, primary, operationContext }: SubscriptionPlan,
    event: SubgraphResult,
    { context }: OpenOperation,
  ): Promise<ExecutionResult> {
    const dataSources: Record<string, GraphQLDataSource> = Object.fromEntries(this.options.dataSources);
    dataSources[primary.serviceName] = eventFirst(event, dataSources[primary.serviceName]);
    const { source: query, variables, operationName } = request;
    const requestContext = {
      request: { query, variables, operationName },
      operation: operationContext.operation,
      context,
      metrics: {},
    };
    // The type is that of a whole request of Apollo Server; the executor and our data sources read no more than this.
    const whole = requestContext as unknown as Parameters<Executor>[2];
    const { data, errors } = await executeQueryPlan(
      perEvent,
      dataSources,
      whole,
      operationContext,
      ...this.options.planner.schemas,
    );
    if (!errors) return { data };
    const placed = placeErrors(
      data,
      errors.map((error) => this.options.formatError(error)),
    );
    return {
      data,
      errors: placed.map(({ message, path, extensions }) => new GraphQLError(message, { path, extensions })),
    };
  }

  private refusal(error: unknown): RefusedOperation {
    const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
    const formatted = errors.map((one) => this.options.formatError(one));
    operationsTotal.inc({ type: 'subscription', code: formatted[0]?.extensions.code });
    return new RefusedOperation(formatted);
  }
}

/** Answers the first fetch, the primary's, with the event and all later ones as always. */
function eventFirst(event: SubgraphResult, later: GraphQLDataSource | undefined): GraphQLDataSource {
  let first = true;
  return {
    process: async (fetch) => {
      if (!first && later) return later.process(fetch);
      first = false;
      return { data: event.data, errors: event.errors };
    },
  };
}
