/** News from the provider: checked, stored once, acknowledged. What it says is not believed but looked up (apply-notices.ts). */
import type { z } from 'zod';
import { noticeCounter } from './apply-notices';
import type { receiveWebhook as command } from './messages';
import type { NoticeServices } from './notice-worker';
import { isKeyOfOurs } from './provider-state.rules';

type Input = z.output<typeof command.input>;
type Output = z.output<typeof command.output>;

/** `stored` also for an event that was stored before. */
export async function receiveWebhook(services: NoticeServices, input: Input): Promise<Output> {
  const { provider, db, clock } = services;
  if (input.provider !== provider.name) return { outcome: 'unknownProvider' };
  const notice = provider.readNotice(input.body, input.headers, clock.now());
  if (!notice) {
    noticeCounter.inc({ result: 'refused' });
    return { outcome: 'refused' };
  }
  const key = isKeyOfOurs(notice.key) ? notice.key : null;
  const fresh = await db.rows(
    `INSERT INTO payment_notice (provider, event_id, type, key, occurred_at, due_at)
     VALUES ($1, $2, $3, $4, $5, CASE WHEN $4::uuid IS NULL THEN NULL ELSE now() END)
     ON CONFLICT DO NOTHING RETURNING 1`,
    [provider.name, notice.id, notice.type, key, notice.occurredAt],
  );
  noticeCounter.inc({ result: fresh.length > 0 ? 'stored' : 'repeated' });
  if (fresh.length > 0 && key !== null) services.noticeWorker.wake();
  return { outcome: 'stored' };
}
