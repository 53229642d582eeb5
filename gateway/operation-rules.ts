/** What is looked at after an operation has been parsed and validated, and before any of it runs. */
import type { GraphQLRequestListener } from '@apollo/server';
import {
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

/** An operation as the rules see it. */
export interface ResolvedOperation {
  schema: GraphQLSchema;
  document: DocumentNode;
  /** Undefined if the document has none of the name given. */
  operation: OperationDefinitionNode | undefined;
  variables: Record<string, unknown> | undefined;
  context: OperationContext;
}

/** Throws the error with which the operation is refused; returns its definition if it may run. */
export function checkOperation(
  resolved: ResolvedOperation,
  introspection: Config['introspection'],
): OperationDefinitionNode {
  const { context, operation, document, schema, variables } = resolved;
  if (context.refusal) throw context.refusal;
  if (!operation) throw new Fault('INVALID_REQUEST', 'The document has no such operation: name one of those in it.');
  if (operation.operation === OperationTypeNode.SUBSCRIPTION && context.door === 'http')
    throw refusedWithStatus(subscriptionOverHttp(), 400);
  if (introspection === 'admins' && introspects(operation.selectionSet, document)) requireAdmin(context.principal);
  checkVariables(schema, operation, variables);
  return operation;
}

/** The rules as a hook of Apollo Server. */
export function operationRules(introspection: Config['introspection']): GraphQLRequestListener<OperationContext> {
  return {
    didResolveOperation: async ({ contextValue, schema, document, operation, request }) => {
      checkOperation(
        { context: contextValue, schema, document, operation, variables: request.variables },
        introspection,
      );
    },
  };
}

/** For Apollo Server: a refusal whose status does not depend on what the client accepts. */
function refusedWithStatus(fault: Fault, status: number): GraphQLError {
  return new GraphQLError(fault.message, { originalError: fault, extensions: { http: { status } } });
}

/** Why a subscription is refused that comes by plain HTTP. */
export function subscriptionOverHttp(): Fault {
  return new Fault(
    'INVALID_REQUEST',
    'Subscriptions run over WebSocket: connect to /graphql with the graphql-transport-ws protocol.',
  );
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
