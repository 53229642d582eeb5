/**
 * Plans of subscriptions. The gateway library plans them but does not run them: its plan says which subgraph owns the
 * events and what has to be fetched for each; as a sequence of the two its executor runs it.
 */
import { buildOperationContext, type executeQueryPlan } from '@apollo/gateway';
import { operationFromDocument, Supergraph } from '@apollo/federation-internals';
import { QueryPlanner, type FetchNode, type QueryPlan } from '@apollo/query-planner';
import type { DocumentNode, GraphQLSchema } from 'graphql';
import { createTextCache } from '../../platform/graph/text-cache';

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
  /** Names of the subgraphs in it. */
  readonly subgraphs: readonly string[];
  /** The last two arguments of the gateway library's executor. */
  readonly schemas: [ExecutorArguments[4], ExecutorArguments[5]];
  private readonly planner: QueryPlanner;
  private readonly plans = createTextCache<SubscriptionPlan>();

  /** Throws when the supergraph is not one. */
  constructor(supergraphSdl: string) {
    const supergraph = Supergraph.build(supergraphSdl, { validateSupergraph: false });
    this.subgraphs = supergraph.subgraphsMetadata().map(({ name }) => name);
    const apiSchema = supergraph.apiSchema();
    this.apiSchema = apiSchema.toGraphQLJSSchema();
    this.schemas = [supergraph.schema.toGraphQLJSSchema(), apiSchema];
    this.planner = new QueryPlanner(supergraph, { exposeDocumentNodeInFetchNode: true });
  }

  /** The plan of the subscription in `source`, which has been checked; `document` is the same, parsed. */
  plan(source: string, document: DocumentNode, operationName: string | undefined): SubscriptionPlan {
    const key = JSON.stringify([operationName, source]);
    const known = this.plans.get(key);
    if (known) return known;
    const made = this.make(document, operationName);
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
