import { z } from 'zod';
import { requireUser } from '../../../platform/auth/guard';
import type { Principal } from '../../../platform/auth/principal';
import { UserFault } from '../../../platform/errors';
import { idOf, validateInput, wholeNumber } from '../../../platform/graph/validate';
import { RIGHTS_CHANNEL } from '../messages';
import type { AccountsServices } from '../services';
import { addKey, assertNotRevoked, changeClient } from './api-client.rows';
import type { NewKey } from './create-api-client';

/** How long the old key stays good unless told otherwise, and at most, in hours. */
const OVERLAP_HOURS = 24;
const MAX_OVERLAP_HOURS = 168;
const HOUR_MS = 3_600_000;
/** Keys of one client that are good, at most. */
const MAX_KEYS = 5;

const inputSchema = z.object({ id: idOf('api'), overlapHours: wholeNumber(0, MAX_OVERLAP_HOURS).nullish() });

/** A new key, and until when the old ones are good. */
export interface RotatedKey extends NewKey {
  previousKeyExpiresAt: Date;
}

/**
 * Gives an API client a new key; those it has go on for the overlap, or until they would have ended anyway. Fault UNAUTHENTICATED or
 * FORBIDDEN; UserFault NOT_FOUND, or CONFLICT when it was revoked or has five good keys.
 */
export async function rotateApiClientKey(
  services: AccountsServices,
  principal: Principal,
  input: unknown,
  requestId: string,
): Promise<RotatedKey> {
  const user = requireUser(principal);
  const { id, overlapHours } = validateInput(inputSchema, input);
  const made = { key: '', previousKeyExpiresAt: services.clock.now() };
  const change = { user, id, action: 'rotateApiClientKey', requestId };
  const client = await changeClient(services, change, async (tx, before, now) => {
    assertNotRevoked(before);
    made.previousKeyExpiresAt = new Date(now.getTime() + (overlapHours ?? OVERLAP_HOURS) * HOUR_MS);
    await tx.query(
      `UPDATE api_key SET expires_at = $2 WHERE client_id = $1 AND (expires_at IS NULL OR expires_at > $2)`,
      [id, made.previousKeyExpiresAt],
    );
    const [row]: { count: number }[] = await tx.query(
      'SELECT count(*)::integer AS count FROM api_key WHERE client_id = $1 AND expires_at > $2',
      [id, now],
    );
    if (row && row.count >= MAX_KEYS) {
      const message = `There are ${MAX_KEYS} good keys already. Rotate with a shorter overlap.`;
      throw UserFault.of('CONFLICT', message, ['overlapHours'], { maximum: MAX_KEYS, retryable: false });
    }
    made.key = await addKey(tx, id, now);
  });
  await services.pubsub.publish(RIGHTS_CHANNEL, { userId: client.ownerId });
  return { client, ...made };
}
