import { z } from 'zod';
import { emailText, validateInput } from '../../../platform/graph/validate';
import { emailIndex } from '../account.rules';
import type { AccountsServices } from '../services';

const inputSchema = z.object({ email: emailText });

/**
 * Notes that somebody asks for a link to choose a new password; the job `accounts.answer-resets` mails it. Whether there is
 * such an account is not even looked at here, so neither the answer nor its time can tell.
 */
export async function requestPasswordReset(
  services: AccountsServices,
  input: unknown,
  requestId: string,
): Promise<true> {
  const { email } = validateInput(inputSchema, input);
  await services.db.rows(
    `INSERT INTO reset_request (email_index, requested_at, request_id) VALUES ($1, $2, $3)
     ON CONFLICT (email_index) DO NOTHING`,
    [emailIndex(services.sealer, email), services.clock.now(), requestId],
  );
  return true;
}
