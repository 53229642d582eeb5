import type { UserPrincipal } from '../../platform/auth/principal';
import { mergeGuestCart as mergeCommand } from '../cart/messages';
import type { AccountsServices } from './services';

/** How long a log-in waits for the cart, in milliseconds. */
const DEADLINE_MS = 2_000;

/**
 * Has the guest's cart merged into that of whoever has just signed in. Never fails: the session is what was asked for; a guest
 * cart that could not be merged is still there under its token, for `mergeCart`.
 */
export async function mergeGuestCart(
  services: AccountsServices,
  principal: UserPrincipal,
  cartToken: string | null | undefined,
  requestId: string,
): Promise<void> {
  if (cartToken == null) return;
  try {
    await services.commands.send(
      mergeCommand,
      { userId: principal.id, cartToken },
      { principal, requestId, deadlineMs: DEADLINE_MS },
    );
  } catch (error) {
    services.log.warn({ err: error }, 'the guest cart was not merged at log-in');
  }
}
