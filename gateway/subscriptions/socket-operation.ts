/** One operation of a socket or stream: a subscription goes to the engine, a query or mutation the way of those over HTTP. */
import type { ApolloServer } from '@apollo/server';
import type { SubscribePayload } from 'graphql-ws';
import { getOperationAST, GraphQLError, OperationTypeNode, type DocumentNode, type ExecutionResult } from 'graphql';
import type { Principal } from '../../platform/auth/principal';
import { Fault } from '../../platform/errors';
import { createTextCache } from '../../platform/graph/text-cache';
import { newUuid } from '../../platform/ids';
import { withLogScope } from '../../platform/log';
import { openOperation, type OperationContext } from '../context';
import type { ClientError, ErrorFormatter } from '../format-error';
import { parseDocument } from '../limits/check-document';
import { AT_THE_DOOR, type Caller } from '../limits/rates';
import type { PersistedOperations } from '../persisted/persisted-operations';
import type { SubscriptionRequest } from './engine';
import { asGraphQLError, RefusedOperation } from './refused-operation';
import type { SharedSubscriptions } from './sharing';
import { streamOf } from './stream';
import { untilSwitchedOff } from './until-switched-off';

type Answers = AsyncGenerator<ExecutionResult, undefined, undefined>;

/** An operation that has been read but not begun. */
export class SocketOperation {
  constructor(
    readonly document: DocumentNode,
    readonly operationName: string | undefined,
    readonly isSubscription: boolean,
    readonly run: () => Answers,
  ) {}
}

/** Reads the operations of sockets and streams. */
export class SocketOperations {
  private readonly documents = createTextCache<DocumentNode>();

  constructor(
    private readonly apollo: ApolloServer<OperationContext>,
    private readonly subscriptions: SharedSubscriptions,
    private readonly persisted: PersistedOperations,
    private readonly formatError: ErrorFormatter,
  ) {}

  /**
   * Throws a GraphQLError when the document cannot be read or has no such operation. Nothing runs before `run()`. `admitted` is
   * the text that was found and admitted, if the payload's has been edited since: by it an operation is switched off.
   */
  prepare(
    payload: SubscribePayload,
    { principal, clientAddress }: Caller,
    { requestId = newUuid(), admitted = payload.query } = {},
  ): SocketOperation {
    const document = this.parsed(payload.query);
    const operationName = payload.operationName ?? undefined;
    const operation = getOperationAST(document, operationName);
    if (!operation) {
      const fault = new Fault('INVALID_REQUEST', 'The document has no such operation: name one of those in it.');
      throw new GraphQLError(fault.message, { originalError: fault });
    }
    const request = { operationName, variables: payload.variables ?? {}, principal, clientAddress, requestId };
    const isSubscription = operation.operation === OperationTypeNode.SUBSCRIPTION;
    return new SocketOperation(document, operationName, isSubscription, () =>
      isSubscription
        ? this.many({ ...request, source: payload.query, document }, admitted)
        : this.once({ ...request, query: payload.query }),
    );
  }

  /** The document; throws a GraphQLError when it is not one. */
  parsed(source: string): DocumentNode {
    const known = this.documents.get(source);
    if (known) return known;
    const document = parseDocument(source);
    this.documents.set(source, document);
    return document;
  }

  /** A subscription's answers. */
  private many(request: SubscriptionRequest, admitted: string): Answers {
    return untilSwitchedOff(
      this.subscriptions.subscribe(request),
      (off) => this.persisted.whenSwitchedOff(admitted, off),
      (why) =>
        withLogScope({ requestId: request.requestId }, () => ({ errors: [asGraphQLError(this.formatError(why))] })),
    );
  }

  /** A query's or mutation's one answer; an error message if it was refused before it ran. */
  private once(request: {
    query: string;
    operationName: string | undefined;
    variables: Record<string, unknown>;
    principal: Principal;
    clientAddress?: string;
    requestId: string;
  }): Answers {
    const { query, operationName, variables, principal, clientAddress, requestId } = request;
    const { context, leave, release } = openOperation({
      ...{ principal, requestId, clientAddress },
      door: 'socket',
      tokensTaken: AT_THE_DOOR,
    });
    let answered = false;
    const pull = async (): Promise<IteratorResult<ExecutionResult, undefined>> => {
      if (answered) return { done: true, value: undefined };
      answered = true;
      const { body } = await this.apollo.executeOperation(
        { query, operationName, variables },
        { contextValue: context },
      );
      if (body.kind !== 'single') throw new Error('Incremental delivery is not offered.');
      const { data, errors, extensions } = body.singleResult;
      // Apollo Server has had them formatted.
      if (data === undefined) throw new RefusedOperation((errors ?? []) as readonly ClientError[]);
      return { done: false, value: { data, extensions, ...(errors && { errors: errors.map(asGraphQLError) }) } };
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
