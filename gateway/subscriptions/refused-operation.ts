/** Ends an operation of a socket or stream with its errors instead of a result. */
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { ClientError } from '../format-error';

/** Thrown through a stream; the errors are ready to be sent. */
export class RefusedOperation extends Error {
  constructor(readonly errors: readonly ClientError[]) {
    super('The operation was refused.');
    this.name = 'RefusedOperation';
  }
}

/** A formatted error as a result of graphql-js has it. */
export function asGraphQLError({ message, path, extensions }: GraphQLFormattedError): GraphQLError {
  return new GraphQLError(message, { path, extensions: { ...extensions } });
}
