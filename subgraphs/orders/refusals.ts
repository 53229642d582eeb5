/** Refusals that several use cases share. */
import { UserFault } from '../../platform/errors';

/** CONFLICT: the order's state does not allow it. `retryable`: it may in a moment. */
export function conflict(message: string, field?: string[], retryable = false): UserFault {
  return UserFault.of('CONFLICT', message, field, { retryable });
}

/** NOT_FOUND for an order that does not exist or that the caller may not see: they look the same. */
export function noSuchOrder(): UserFault {
  return UserFault.of('NOT_FOUND', 'There is no such order.', ['orderId']);
}
