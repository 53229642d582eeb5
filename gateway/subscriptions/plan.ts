/**
 * Plans of subscriptions. The gateway library plans them but does not run them: its plan says which subgraph owns the
 * events and what has to be fetched for each; as a sequence of the two its executor runs it.
 */
import { buildOperationContext, type executeQueryPlan } from '@apollo/gateway';
import { operationFromDocument, Supergraph } from '@apollo/federation-internals';
import { QueryPlanner, type FetchNode, type QueryPlan } from '@apollo/query-planner';
import { GraphQLError, validate, type DocumentNode, type GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';

/** Plans kept. Clients have a handful of subscriptions. */
const KEPT_PLANS = 500;

type ExecutorArguments = Parameters<typeof executeQueryPlan>;

/** How a subscription is run. */
export interface SubscriptionPlan {
  /** What is asked of the subgraph that owns the events. */
  primary: FetchNode;
  /** What is run for each event; the primary fetch comes first. */
  perEvent: QueryPlan;
  operationContext: ExecutorArguments[3];
}

/** Plans and remembers. */
export class SubscriptionPlanner {
  /** The schema clients see. */
  readonly apiSchema: GraphQLSchema;
  /** The last two arguments of the gateway library's executor. */
  readonly schemas: [ExecutorArguments[4], ExecutorArguments[5]];
  private readonly planner: QueryPlanner;
  private readonly plans = new LRUCache<string, SubscriptionPlan | readonly GraphQLError[]>({ max: KEPT_PLANS });

  constructor(supergraphSdl: string) {
    const supergraph = Supergraph.build(supergraphSdl, { validateSupergraph: false });
    const apiSchema = supergraph.apiSchema();
    this.apiSchema = apiSchema.toGraphQLJSSchema();
    this.schemas = [supergraph.schema.toGraphQLJSSchema(), apiSchema];
    this.planner = new QueryPlanner(supergraph, { exposeDocumentNodeInFetchNode: true });
  }

  /** The plan of the subscription in `source`, or why it does not fit the schema. `document` is the same, parsed. */
  plan(
    source: string,
    document: DocumentNode,
    operationName: string | undefined,
  ): SubscriptionPlan | readonly GraphQLError[] {
    const key = JSON.stringify([operationName, source]);
    const known = this.plans.get(key);
    if (known) return known;
    const errors = problemsOf(this.apiSchema, document);
    const made = errors.length > 0 ? errors : this.make(document, operationName);
    this.plans.set(key, made);
    return made;
  }

  private make(document: DocumentNode, operationName: string | undefined): SubscriptionPlan {
    const [, apiSchema] = this.schemas;
    const { node } = this.planner.buildQueryPlan(operationFromDocument(apiSchema, document, { operationName }));
    if (node?.kind !== 'Subscription') throw new Error('The planner gave no plan for a subscription.');
    const { primary, rest } = node;
    return {
      primary,
      perEvent: { kind: 'QueryPlan', node: { kind: 'Sequence', nodes: rest ? [primary, rest] : [primary] } },
      operationContext: buildOperationContext({ schema: this.apiSchema, operationDocument: document, operationName }),
    };
  }
}

function problemsOf(schema: GraphQLSchema, document: DocumentNode): readonly GraphQLError[] {
  return validated(schema, document).map(
    ({ message, nodes }) => new GraphQLError(message, { nodes, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }),
  );
}

/** graphql-js throws instead when the root field of a subscription has `@include(if: $variable)`. */
function validated(schema: GraphQLSchema, document: DocumentNode): readonly GraphQLError[] {
  try {
    return validate(schema, document);
  } catch (error) {
    if (error instanceof GraphQLError) return [error];
    throw error;
  }
}
