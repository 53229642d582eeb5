/** Principals of tests that are not users. */
import { randomUUID } from 'node:crypto';
import { SCOPES, type ClientPrincipal } from '../../platform/auth/principal';

/** An API client that may do all there is, of a partner nobody else knows unless told otherwise. */
export function apiClient(given: Partial<Omit<ClientPrincipal, 'kind'>> = {}): ClientPrincipal {
  const ids = { id: randomUUID(), ownerId: randomUUID(), keyId: randomUUID() };
  return { kind: 'client', ...ids, scopes: [...SCOPES], rateTier: 'PARTNER', ...given };
}
