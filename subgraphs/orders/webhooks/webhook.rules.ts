/** What holds for partners' webhooks. Pure. */

/** Endpoints of one owner at most. */
export const MAX_ENDPOINTS = 10;
/** How long the secret before a rotation signs as well, in milliseconds. */
export const OVERLAP_MS = 24 * 3_600_000;
/** An endpoint for which nothing has succeeded for so long is disabled, in milliseconds. */
export const DISABLED_AFTER_MS = 5 * 24 * 3_600_000;
/** How long deliveries that are over stay in the log of an endpoint, in days. */
export const KEPT_DAYS = 30;

/** Whether an endpoint is sent to. */
export const WEBHOOK_ENDPOINT_STATUSES = ['ACTIVE', 'PAUSED', 'DISABLED'] as const;
/** One of {@link WEBHOOK_ENDPOINT_STATUSES}. */
export type WebhookEndpointStatus = (typeof WEBHOOK_ENDPOINT_STATUSES)[number];

/** Where a delivery stands. */
export const WEBHOOK_DELIVERY_STATUSES = ['PENDING', 'DELIVERED', 'FAILED'] as const;
/** One of {@link WEBHOOK_DELIVERY_STATUSES}. */
export type WebhookDeliveryStatus = (typeof WEBHOOK_DELIVERY_STATUSES)[number];

/** Seconds from each failed attempt to the next: 5 s, 30 s, 2 min, 10 min, 1 h, 6 h, 24 h. */
const DELAYS = [5, 30, 120, 600, 3_600, 21_600, 86_400];

/** Seconds until the next attempt after so many have failed; null: it was the last one. */
export function retryDelaySeconds(attempts: number): number | null {
  return DELAYS[attempts - 1] ?? null;
}

/** What an attempt came to: the receiver's HTTP status, or why there is none, in words for its owner. */
export type Outcome = { responseStatus: number } | { error: string };

/** What follows from an outcome. `gone`: the receiver wants nothing more, for ever. */
export function verdictOf(outcome: Outcome): 'delivered' | 'failed' | 'gone' {
  if (!('responseStatus' in outcome)) return 'failed';
  if (outcome.responseStatus === 410) return 'gone';
  return outcome.responseStatus >= 200 && outcome.responseStatus < 300 ? 'delivered' : 'failed';
}
