/** Faults by the book: which call goes wrong how is drawn from a seed, so that a run can be repeated. */
import { z } from 'zod';
import { seededRandom } from '../../../platform/random';

const probability = z.number().min(0).max(1).default(0);

/** What `PUT /faults` takes. Probabilities from 0 to 1, times in milliseconds. */
export const faultSettings = z.strictObject({
  /** Does what it was asked, and answers only after the client has given up. */
  chargeThenTimeout: probability,
  /** Answers 500 without having done anything. */
  error: probability,
  /** Answers 429 with Retry-After without having done anything. */
  tooManyRequests: probability,
  /** Carries the same request out twice. */
  duplicate: probability,
  /** Each answer comes up to this much later. */
  slowMs: z.number().int().min(0).max(60_000).default(0),
  webhooks: z
    .strictObject({
      /** Delivered twice. */
      duplicate: probability,
      /** Never delivered. */
      drop: probability,
      /** Delivered up to this much later. */
      delayMs: z.number().int().min(0).max(600_000).default(0),
      /** Not in the order in which things happened. */
      shuffle: z.boolean().default(false),
    })
    .prefault({}),
  seed: z.number().int().min(0).max(4_294_967_295).default(1),
});
/** See {@link faultSettings}. */
export type FaultSettings = z.output<typeof faultSettings>;

/** What becomes of one call. */
export interface CallFault {
  refuseWith: 500 | 429 | null;
  twice: boolean;
  /** How late the answer is, in milliseconds. */
  lateMs: number;
}

/** What becomes of one webhook; `copies` is how often it is sent. */
export interface NoticeFault {
  copies: 0 | 1 | 2;
  lateMs: number;
}

/** How late an answer is that comes after any client's limit, in milliseconds. */
export const LATE_MS = 5_000;
/** How far shuffled webhooks are thrown about, in milliseconds. */
const SHUFFLE_MS = 1_000;

/** Draws the faults of calls and webhooks. */
export class FaultPlan {
  private settings: FaultSettings | null = null;
  private random = seededRandom(0);

  /** From now on these; null: none. */
  use(settings: FaultSettings | null): void {
    this.settings = settings;
    this.random = seededRandom(settings?.seed ?? 0);
  }

  /** For the next call. Only what moves money can be carried out without an answer, or twice. */
  forCall(movesMoney: boolean): CallFault {
    const { settings } = this;
    if (!settings) return { refuseWith: null, twice: false, lateMs: 0 };
    const refuseWith = this.chance(settings.error) ? 500 : this.chance(settings.tooManyRequests) ? 429 : null;
    const late = this.chance(settings.chargeThenTimeout) && movesMoney;
    const twice = this.chance(settings.duplicate) && movesMoney;
    return { refuseWith, twice, lateMs: late ? LATE_MS : this.random() * settings.slowMs };
  }

  /** For the next webhook. */
  forNotice(): NoticeFault {
    if (!this.settings) return { copies: 1, lateMs: 0 };
    const { drop, duplicate, delayMs, shuffle } = this.settings.webhooks;
    const copies = this.chance(drop) ? 0 : this.chance(duplicate) ? 2 : 1;
    return { copies, lateMs: this.random() * Math.max(delayMs, shuffle ? SHUFFLE_MS : 0) };
  }

  private chance(probability: number): boolean {
    return this.random() < probability;
  }
}
