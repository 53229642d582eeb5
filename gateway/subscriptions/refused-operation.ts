/** Ends an operation on a socket with an `error` message instead of a result. */
import type { ClientError } from '../format-error';

/** Thrown through a stream; the errors are ready to be sent. */
export class RefusedOperation extends Error {
  constructor(readonly errors: readonly ClientError[]) {
    super('The operation was refused.');
    this.name = 'RefusedOperation';
  }
}
