/** What is looked at after an operation has been parsed, and before it is planned and any of it runs. */
import type { GraphQLRequestListener } from '@apollo/server';
import {
  execute,
  GraphQLError,
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { requireAdmin } from '../platform/auth/guard';
import type { Config } from '../platform/config';
import { Fault } from '../platform/errors';
import { checkVariables } from './check-variables';
import type { OperationContext } from './context';
import { checkDocument } from './limits/check-document';
import type { CostTable } from './limits/cost';
import { rateFault, tokensOf, type Rates } from './limits/rates';

/** An operation as the rules see it. */
export interface ResolvedOperation {
  schema: GraphQLSchema;
  document: DocumentNode;
  /** Undefined if the document has none of the name given. */
  operation: OperationDefinitionNode | undefined;
  variables: Record<string, unknown> | undefined;
  context: OperationContext;
}

/** By what operations are judged. */
export interface OperationRules {
  introspection: Config['introspection'];
  /** The schema for API clients. */
  contract: GraphQLSchema;
  /** Of the supergraph in use now. */
  costs: () => CostTable;
  /** Cost an operation may have, at most. */
  maximumCost: number;
  /** undefined: nobody is limited. */
  rates?: Rates;
}

/** Throws the error with which the operation is refused; AggregateError: those of its document. */
function checkOperation(resolved: ResolvedOperation, rules: OperationRules): void {
  const { context, operation, document, variables } = resolved;
  if (context.refusal) throw context.refusal;
  const isClient = context.principal.kind === 'client';
  const schema = isClient ? rules.contract : resolved.schema;
  checkDocument(schema, document);
  if (!operation) throw new Fault('INVALID_REQUEST', 'The document has no such operation: name one of those in it.');
  if (operation.operation === OperationTypeNode.SUBSCRIPTION && context.door === 'http')
    throw refusedWithStatus(subscriptionOverHttp(), 400);
  if (introspects(operation.selectionSet, document)) {
    if (rules.introspection === 'admins') requireAdmin(context.principal);
    if (isClient) assertOnlyIntrospects(operation);
  }
  checkVariables(schema, operation, variables);
  checkCost(resolved, operation, rules);
}

function checkCost(
  { context, document, variables }: ResolvedOperation,
  operation: OperationDefinitionNode,
  { costs, maximumCost: limit }: OperationRules,
): void {
  const requested = costs().costOf(operation, document, variables);
  context.outcome.cost = { requested, limit };
  if (requested <= limit) return;
  const message = `The operation may cost ${requested}; the limit is ${limit}. Ask for smaller pages or fewer lists in lists.`;
  throw new Fault('INVALID_REQUEST', message, { limit: 'cost', cost: requested, maximum: limit });
}

/**
 * Throws the error with which the operation is refused; AggregateError: those of its document. What it may cost goes into the
 * context's outcome, and its tokens are taken from the caller's bucket.
 */
export async function admitOperation(resolved: ResolvedOperation, rules: OperationRules): Promise<void> {
  checkOperation(resolved, rules);
  const { context } = resolved;
  const tokens = tokensOf(context.outcome.cost?.requested ?? 0) - (context.tokensTaken ?? 0);
  if (!rules.rates || tokens <= 0) return;
  const verdict = await rules.rates.take(context, tokens);
  context.outcome.rate = verdict;
  if (!verdict.allowed) throw rateFault(verdict);
}

/** The rules as a hook of Apollo Server. */
export function operationRules(rules: OperationRules): GraphQLRequestListener<OperationContext> {
  return {
    didResolveOperation: async ({ contextValue: context, schema, document, operation, request }) => {
      try {
        await admitOperation({ context, schema, document, operation, variables: request.variables }, rules);
      } catch (error) {
        if (error instanceof Fault && error.code === 'RATE_LIMIT_EXCEEDED') throw refusedWithStatus(error, 429);
        if (!(error instanceof AggregateError)) throw error;
        // The hook can throw one; the rest of them are added where answers are finished.
        const errors: readonly unknown[] = error.errors;
        context.outcome.otherErrors = errors.slice(1);
        throw errors[0];
      }
    },
    // To the gateway library there is one schema for all.
    responseForOperation: async ({ contextValue, document, operation, operationName, request, response }) => {
      if (contextValue.principal.kind !== 'client' || !introspects(operation.selectionSet, document)) return null;
      const { variables: variableValues } = request;
      const singleResult = await execute({ schema: rules.contract, document, operationName, variableValues });
      return { http: response.http, body: { kind: 'single', singleResult } };
    },
  };
}

/** For Apollo Server: a refusal whose status does not depend on what the client accepts. */
function refusedWithStatus(fault: Fault, status: number): GraphQLError {
  return new GraphQLError(fault.message, { originalError: fault, extensions: { http: { status } } });
}

/** Why a subscription is refused whose client accepts one answer only. */
export function subscriptionOverHttp(): Fault {
  return new Fault(
    'INVALID_REQUEST',
    'Subscriptions run over WebSocket (connect to /graphql with the graphql-transport-ws protocol) or by an HTTP request that ' +
      'accepts text/event-stream or multipart/mixed;subscriptionSpec=1.0.',
  );
}

/** The contract answers one, the gateway the other. */
function assertOnlyIntrospects({ selectionSet }: OperationDefinitionNode): void {
  const alone = selectionSet.selections.every(
    (selection) => selection.kind === Kind.FIELD && selection.name.value.startsWith('__'),
  );
  if (!alone) throw new Fault('INVALID_REQUEST', 'Ask for the schema in an operation of its own, at its root.');
}

/** Whether the operation asks for the schema. `__typename` does not count. */
function introspects(set: SelectionSetNode, document: DocumentNode, seen = new Set<string>()): boolean {
  return set.selections.some((selection) => {
    if (selection.kind === Kind.FIELD) return selection.name.value === '__schema' || selection.name.value === '__type';
    if (selection.kind === Kind.INLINE_FRAGMENT) return introspects(selection.selectionSet, document, seen);
    const name = selection.name.value;
    if (seen.has(name)) return false;
    seen.add(name);
    const fragment = document.definitions.find(
      (node) => node.kind === Kind.FRAGMENT_DEFINITION && node.name.value === name,
    );
    return fragment?.kind === Kind.FRAGMENT_DEFINITION && introspects(fragment.selectionSet, document, seen);
  });
}
