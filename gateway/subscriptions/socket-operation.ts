/** One operation of a socket: a subscription goes to the engine, a query or mutation the way of those over HTTP. */
import type { ApolloServer } from '@apollo/server';
import type { SubscribePayload } from 'graphql-ws';
import {
  getOperationAST,
  GraphQLError,
  OperationTypeNode,
  parse,
  type DocumentNode,
  type ExecutionResult,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Principal } from '../../platform/auth/principal';
import { Fault } from '../../platform/errors';
import { newUuid } from '../../platform/ids';
import { withLogScope } from '../../platform/log';
import { MOST_TOKENS } from '../apollo';
import { openOperation, type OperationContext } from '../context';
import type { ClientError } from '../format-error';
import type { SubscriptionEngine } from './engine';
import { RefusedOperation } from './refused-operation';
import { streamOf } from './stream';

/** Documents kept. */
const KEPT_DOCUMENTS = 1_000;

type Answers = AsyncGenerator<ExecutionResult, undefined, undefined>;

/** An operation that has been read but not begun. */
export class SocketOperation {
  constructor(
    readonly document: DocumentNode,
    readonly operationName: string | undefined,
    readonly run: () => Answers,
  ) {}
}

/** Reads the operations of sockets. */
export class SocketOperations {
  private readonly documents = new LRUCache<string, DocumentNode>({ max: KEPT_DOCUMENTS });

  constructor(
    private readonly apollo: ApolloServer<OperationContext>,
    private readonly engine: SubscriptionEngine,
  ) {}

  /** Throws a GraphQLError when the document cannot be read or has no such operation. Nothing runs before `run()`. */
  prepare(payload: SubscribePayload, principal: Principal): SocketOperation {
    const document = this.parsed(payload.query);
    const operationName = payload.operationName ?? undefined;
    const operation = getOperationAST(document, operationName);
    if (!operation) {
      const fault = new Fault('INVALID_REQUEST', 'The document has no such operation: name one of those in it.');
      throw new GraphQLError(fault.message, { originalError: fault });
    }
    const request = { operationName, variables: payload.variables ?? {}, principal, requestId: newUuid() };
    return new SocketOperation(document, operationName, () =>
      operation.operation === OperationTypeNode.SUBSCRIPTION
        ? this.engine.subscribe({ ...request, source: payload.query, document })
        : this.once({ ...request, query: payload.query }),
    );
  }

  private parsed(source: string): DocumentNode {
    const known = this.documents.get(source);
    if (known) return known;
    try {
      const document = parse(source, { maxTokens: MOST_TOKENS });
      this.documents.set(source, document);
      return document;
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      const { message, source: text, positions } = error;
      throw new GraphQLError(message, { source: text, positions, extensions: { code: 'GRAPHQL_PARSE_FAILED' } });
    }
  }

  /** A query's or mutation's one answer; an error message if it was refused before it ran. */
  private once(request: {
    query: string;
    operationName: string | undefined;
    variables: Record<string, unknown>;
    principal: Principal;
    requestId: string;
  }): Answers {
    const { query, operationName, variables, principal, requestId } = request;
    const { context, leave, release } = openOperation({ principal, requestId, door: 'socket' });
    let answered = false;
    const pull = async (): Promise<IteratorResult<ExecutionResult, undefined>> => {
      if (answered) return { done: true, value: undefined };
      answered = true;
      const { body } = await this.apollo.executeOperation(
        { query, operationName, variables },
        { contextValue: context },
      );
      if (body.kind !== 'single') throw new Error('Incremental delivery is not offered.');
      const { data, errors } = body.singleResult;
      // Apollo Server has had them formatted.
      if (data === undefined) throw new RefusedOperation((errors ?? []) as readonly ClientError[]);
      return { done: false, value: { data, ...(errors && { errors: errors.map(asGraphQLError) }) } };
    };
    return streamOf(
      () => withLogScope({ requestId }, pull),
      () => {
        leave();
        release();
      },
    );
  }
}

function asGraphQLError({
  message,
  path,
  extensions,
}: { message: string } & Pick<ClientError, 'path'> & { extensions?: object }): GraphQLError {
  return new GraphQLError(message, { path, extensions: { ...extensions } });
}
