/** Delivers what happened to the shop: signed, at least once, again after a failure, and after a crash what is left. */
import { createHmac } from 'node:crypto';
import type { FaultPlan } from './faults';
import type { Ledger, Notice } from './ledger';

/** Name of the header with time and signature: `t=<unix seconds>,v1=<hex>`. */
export const SIGNATURE_HEADER = 'souk-signature';

/** Deliveries under way at a time. */
const AT_ONCE = 8;
/** Attempts before one is given up: with the pauses between them about three minutes. */
const ATTEMPTS = 10;
/** Pause after the first failure, in milliseconds; doubled each time, up to the longest. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;
/** How long a delivery may take, in milliseconds. */
const DELIVERY_MS = 5_000;

/** Value of the signature header for a body. */
export function signNotice(secret: string, body: string, now: Date): string {
  const time = Math.floor(now.getTime() / 1_000).toString();
  return `t=${time},v1=${noticeMac(secret, time, body)}`;
}

/** Hex HMAC-SHA256 of `<time>.<body>`. */
export function noticeMac(secret: string, time: string, body: string): string {
  return createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
}

/** The sender. Without a URL nothing is sent, and what happened is not kept for later. */
export class Webhooks {
  private readonly ready: { notice: Notice; attempt: number }[] = [];
  private readonly timers = new Set<NodeJS.Timeout>();
  private sending = 0;
  private closed = false;

  constructor(
    private readonly ledger: Ledger,
    private readonly faults: FaultPlan,
    private readonly target: { url: string | null; secret: string },
  ) {}

  /** Takes up what an earlier process left. */
  resume(): void {
    for (const notice of [...this.ledger.notices.values()]) this.add(notice);
  }

  /** Takes up a notice that is in the ledger. */
  add(notice: Notice): void {
    const { copies, lateMs } = this.faults.forNotice();
    if (copies === 0 || this.target.url === null) this.settle(notice.id);
    else for (let copy = 0; copy < copies; copy += 1) this.schedule(notice, 1, lateMs);
  }

  close(): void {
    this.closed = true;
    for (const timer of this.timers) clearTimeout(timer);
  }

  private schedule(notice: Notice, attempt: number, lateMs: number): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.ready.push({ notice, attempt });
      this.next();
    }, lateMs);
    this.timers.add(timer);
  }

  private next(): void {
    while (this.sending < AT_ONCE && !this.closed) {
      const delivery = this.ready.shift();
      if (!delivery) return;
      this.sending += 1;
      void this.deliver(delivery.notice, delivery.attempt).finally(() => {
        this.sending -= 1;
        this.next();
      });
    }
  }

  private async deliver(notice: Notice, attempt: number): Promise<void> {
    const accepted = await this.send(JSON.stringify(notice));
    // The process is about to end: whoever comes next finds it in the ledger, and sends it again.
    if (this.closed) return;
    if (accepted || attempt >= ATTEMPTS) this.settle(notice.id);
    else this.schedule(notice, attempt + 1, Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1)));
  }

  private async send(body: string): Promise<boolean> {
    const headers = {
      'content-type': 'application/json',
      [SIGNATURE_HEADER]: signNotice(this.target.secret, body, new Date()),
    };
    const signal = AbortSignal.timeout(DELIVERY_MS);
    const answer = await fetch(this.target.url ?? '', { method: 'POST', headers, body, signal }).catch(() => null);
    await answer?.body?.cancel().catch(() => undefined);
    return answer?.ok ?? false;
  }

  private settle(id: string): void {
    if (this.ledger.notices.has(id)) this.ledger.add({ settledNotice: id });
  }
}
