/** Signatures as Standard Webhooks has them (https://www.standardwebhooks.com). */
import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';

/** A new secret: 256 random bits as `whsec_<base64>`. Shown to its owner once, stored sealed. */
export function newWebhookSecret(): string {
  return PREFIX + randomBytes(32).toString('base64');
}

/** A request that a receiver can verify. */
export interface SignedMessage {
  /** The same at every attempt and replay: receivers know duplicates by it. */
  id: string;
  /** When it is sent. */
  at: Date;
  body: string;
  /** One signature for each. */
  secrets: readonly string[];
}

/** The three headers that say what it is, when it was sent and by whom. */
export function signedHeaders({ id, at, body, secrets }: SignedMessage): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const sign = (secret: string): string => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  };
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': secrets.map(sign).join(' ') };
}
