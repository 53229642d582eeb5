/**
 * Runs subscriptions over the whole graph. The subgraph that owns the root field is asked for a stream; for each of its
 * events the rest of the plan runs against all subgraphs, as it would for a query, with the event as the first answer.
 */
import { setMaxListeners } from 'node:events';
import { getOperationAST, type DocumentNode, type ExecutionResult, type GraphQLSchema } from 'graphql';
import type { Principal } from '../../platform/auth/principal';
import { Fault } from '../../platform/errors';
import type { SubgraphEndpoint } from '../../platform/graph/endpoint';
import { withLogScope } from '../../platform/log';
import { openOperation, type OpenOperation } from '../context';
import type { EndpointDataSource } from '../data-source';
import type { ErrorFormatter } from '../format-error';
import { CostTable } from '../limits/cost';
import { AT_THE_DOOR } from '../limits/rates';
import { withinAnswer } from '../limits/within-answer';
import { operationsTotal, subscriptionSources } from '../metrics';
import { admitOperation, type OperationRules } from '../operation-rules';
import { untilAborted } from '../shared-fetches';
import { answerEvent } from './answer-event';
import { openEvents, type Events } from './open-events';
import { SubscriptionPlanner, type SubscriptionPlan } from './plan';
import { asGraphQLError, RefusedOperation } from './refused-operation';
import { streamOf } from './stream';

/** One subscription of one client; `document` is `source`, parsed. */
export interface SubscriptionRequest {
  source: string;
  document: DocumentNode;
  operationName: string | undefined;
  variables: Record<string, unknown>;
  principal: Principal;
  /** Network address of the client. */
  clientAddress?: string;
  requestId: string;
  /** Told of each event before it is answered. */
  onEvent?: () => void;
}

/** What the engine works with; both maps are by the subgraph's name. */
export interface EngineOptions {
  supergraphSdl: string;
  endpoints: ReadonlyMap<string, SubgraphEndpoint>;
  dataSources: ReadonlyMap<string, EndpointDataSource>;
  rules: OperationRules;
  formatError: ErrorFormatter;
}

/** A supergraph, and when it stopped being the one in use. */
interface Generation {
  planner: SubscriptionPlanner;
  costs: CostTable;
  replaced: AbortController;
}

/** Runs subscriptions. */
export class SubscriptionEngine {
  private generation: Generation;

  /** Throws when the supergraph is not one. */
  constructor(private readonly options: EngineOptions) {
    this.generation = this.generationOf(options.supergraphSdl);
  }

  /** The schema clients see. */
  get schema(): GraphQLSchema {
    return this.generation.planner.apiSchema;
  }

  /** What its fields cost. */
  get costs(): CostTable {
    return this.generation.costs;
  }

  /**
   * Takes another supergraph for what is subscribed from now on; `meanwhile` runs just before it does. What runs is
   * ended: its last answer has no data and the error SUBSCRIPTION_SCHEMA_RELOAD. If either throws, all stays as it was.
   */
  reload(supergraphSdl: string, meanwhile: () => void): void {
    const next = this.generationOf(supergraphSdl);
    meanwhile();
    const { replaced } = this.generation;
    this.generation = next;
    replaced.abort(new Fault('SUBSCRIPTION_SCHEMA_RELOAD'));
  }

  /**
   * The client's stream of answers, errors formatted. The source is opened by the first `next()`, which rejects with
   * {@link RefusedOperation} if it must not or cannot be; `return()` ends everything at any time.
   */
  subscribe(request: SubscriptionRequest): AsyncGenerator<ExecutionResult, undefined, undefined> {
    const gone = new AbortController();
    const { planner, replaced } = this.generation;
    let opened: { plan: SubscriptionPlan; events: Events } | undefined;
    let current: OpenOperation | undefined;
    let ended = false;

    const pull = async (): Promise<IteratorResult<ExecutionResult, undefined>> => {
      try {
        if (ended) return { done: true, value: undefined };
        if (!opened) {
          opened = await this.open(request, planner, gone.signal);
          subscriptionSources.inc();
          // It may have been opened in the very moment in which the client left.
          if (gone.signal.aborted) letGo();
        }
        const event = await untilAborted(opened.events.next(), replaced.signal);
        if (event.done) return { done: true, value: undefined };
        request.onEvent?.();
        current = openOperation({ principal: request.principal, requestId: request.requestId, door: 'socket' });
        const { source: query, variables, operationName } = request;
        const answer = await answerEvent(event.value, {
          ...this.options,
          request: { query, variables, operationName },
          plan: opened.plan,
          schemas: planner.schemas,
          context: current.context,
        });
        return { done: false, value: answer };
      } catch (error) {
        const refusal = this.refusal(error);
        if (error !== replaced.signal.reason) throw refusal;
        ended = true;
        return { done: false, value: { errors: refusal.errors.map(asGraphQLError) } };
      } finally {
        current?.release();
      }
    };
    const letGo = (): void => {
      gone.abort(new Fault('SERVICE_UNAVAILABLE', 'The client has gone.'));
      current?.leave();
      if (!opened) return;
      subscriptionSources.dec();
      void opened.events.return?.();
    };
    return streamOf(() => withLogScope({ requestId: request.requestId }, pull), letGo);
  }

  private async open(
    request: SubscriptionRequest,
    planner: SubscriptionPlanner,
    gone: AbortSignal,
  ): Promise<{ plan: SubscriptionPlan; events: Events }> {
    const { source, document, operationName, variables, principal, clientAddress, requestId } = request;
    const { context, leave, release } = openOperation({
      ...{ principal, requestId, clientAddress },
      door: 'socket',
      tokensTaken: AT_THE_DOOR,
    });
    // `reads` ends the opening at its deadline; once that is off, the whole stream when the client goes.
    gone.addEventListener('abort', leave, { once: true });
    try {
      const operation = getOperationAST(document, operationName) ?? undefined;
      await admitOperation({ context, operation, document, schema: planner.apiSchema, variables }, this.options.rules);
      const plan = planner.plan(source, document, operationName);
      const endpoint = this.options.endpoints.get(plan.primary.serviceName);
      if (!endpoint) throw new Error(`There is no subgraph ${plan.primary.serviceName}.`);
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

  private generationOf(supergraphSdl: string): Generation {
    const planner = new SubscriptionPlanner(supergraphSdl);
    const missing = planner.subgraphs.filter((name) => !this.options.endpoints.has(name));
    if (missing.length > 0) throw new Error(`The supergraph names subgraphs that are not there: ${missing.join(', ')}`);
    const replaced = new AbortController();
    // Every subscription listens; the warning is for leaks.
    setMaxListeners(0, replaced.signal);
    return { planner, costs: new CostTable(supergraphSdl, planner.apiSchema), replaced };
  }

  private refusal(error: unknown): RefusedOperation {
    const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
    const formatted = errors.map((one) => this.options.formatError(one));
    operationsTotal.inc({ type: 'subscription', code: formatted[0]?.extensions.code });
    return new RefusedOperation(withinAnswer(formatted));
  }
}
