/** Signatures of webhooks, as receivers verify them: with the standard's library, and with the lines of our guide. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { Webhook } from 'standardwebhooks';
import { PROJECT_ROOT } from '../../platform/root';
import { messageBody, messageId } from '../../subgraphs/orders/webhooks/message';
import { newWebhookSecret, signedHeaders } from '../../subgraphs/orders/webhooks/signature';

type Verify = (headers: Record<string, string>, body: string, secret: string) => boolean;

const guide = readFileSync(join(PROJECT_ROOT, 'docs/webhooks.md'), 'utf8');
const [, lines = ''] = /```js\n(?:import .*\n+)([\s\S]*?)```/.exec(guide) ?? [];
const isGenuine = runInNewContext(`${lines}; isGenuine`, { createHmac, timingSafeEqual, Buffer }) as Verify;
const byLibrary: Verify = (headers, body, secret) => {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
};

const body = messageBody({
  ...{ position: 42n, type: 'STATUS_CHANGED', status: 'SHIPPED', occurredAt: new Date('2026-11-27T18:40:00Z') },
  ...{ orderId: '01890a5d-ac96-774b-bcce-b302099a8057', orderNumber: '7Z3KQ0M4XA' },
});
const [secret, other] = [newWebhookSecret(), newWebhookSecret()];
const signed = (at: Date, secrets: string[]) => signedHeaders({ id: messageId(42n), at, body, secrets });

test('the guide shows the body as it is', () => expect(guide).toContain(body));

describe.each([
  ['the library', byLibrary],
  ['the guide', isGenuine],
])('%s', (_, verify) => {
  test('takes what is signed with its secret, alone or beside another', () => {
    expect(verify(signed(new Date(), [secret]), body, secret)).toBe(true);
    expect(verify(signed(new Date(), [other, secret]), body, secret)).toBe(true);
  });

  test('refuses another secret, another body, another id, another time and what is old', () => {
    const headers = signed(new Date(), [secret]);
    expect(verify(headers, body, other)).toBe(false);
    expect(verify(headers, `${body} `, secret)).toBe(false);
    expect(verify({ ...headers, 'webhook-id': messageId(43n) }, body, secret)).toBe(false);
    const later = String(Number(headers['webhook-timestamp']) + 1);
    expect(verify({ ...headers, 'webhook-timestamp': later }, body, secret)).toBe(false);
    expect(verify(signed(new Date(Date.now() - 301_000), [secret]), body, secret)).toBe(false);
  });
});
