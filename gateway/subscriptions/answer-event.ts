/** Runs the plan of a subscription for one event, with the gateway library's executor. */
import { executeQueryPlan, type GraphQLDataSource } from '@apollo/gateway';
import type { ExecutionResult } from 'graphql';
import type { SubgraphResult } from '../../platform/graph/endpoint';
import type { OperationContext } from '../context';
import type { ErrorFormatter } from '../format-error';
import { placeErrors } from '../place-errors';
import type { SubscriptionPlan, SubscriptionPlanner } from './plan';
import { asGraphQLError } from './refused-operation';

type Executor = typeof executeQueryPlan;

/** What an event is answered with. */
export interface AnswerOptions {
  request: { query: string; variables: Record<string, unknown>; operationName: string | undefined };
  plan: SubscriptionPlan;
  schemas: SubscriptionPlanner['schemas'];
  context: OperationContext;
  /** By the subgraph's name. */
  dataSources: ReadonlyMap<string, GraphQLDataSource>;
  formatError: ErrorFormatter;
}

/** The client's answer; its errors are formatted and in their places. */
export async function answerEvent(event: SubgraphResult, options: AnswerOptions): Promise<ExecutionResult> {
  const { request, context, formatError } = options;
  const { perEvent, primary, operationContext } = options.plan;
  const dataSources: Record<string, GraphQLDataSource> = Object.fromEntries(options.dataSources);
  dataSources[primary.serviceName] = eventFirst(event, dataSources[primary.serviceName]);
  const requestContext = { request, operation: operationContext.operation, context, metrics: {} };
  // The type is that of a whole request of Apollo Server; the executor and our data sources read no more than this.
  const whole = requestContext as unknown as Parameters<Executor>[2];
  const { data, errors } = await executeQueryPlan(perEvent, dataSources, whole, operationContext, ...options.schemas);
  if (!errors) return { data };
  const placed = placeErrors(
    data,
    errors.map((error) => formatError(error)),
  );
  return { data, errors: placed.map(asGraphQLError) };
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
