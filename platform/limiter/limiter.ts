/** How often somebody may do something: token buckets, shared by all processes that use the same store. */

/** A bucket: `burst` tokens when full, `perHour` come back each hour, evenly. */
export interface Bucket {
  burst: number;
  perHour: number;
}

/** What became of a request for tokens. */
export interface Verdict {
  allowed: boolean;
  /** Whole tokens left. */
  remaining: number;
  /** Seconds until the bucket is full again. */
  resetSeconds: number;
  /** Seconds until as many tokens could be had; 0 if they were. */
  retrySeconds: number;
}

/** Takes tokens from buckets. */
export interface Limiter {
  /**
   * Takes `tokens` from the bucket of `key`, full at first. A request for more than the bucket can hold is allowed when it is
   * full and leaves a debt, or it never could be. A refused one takes nothing. Never rejects.
   */
  take(key: string, tokens: number, bucket: Bucket): Promise<Verdict>;
  close(): Promise<void>;
}

const HOUR_MS = 3_600_000;

/** Milliseconds in which `tokens` come back. */
export function refillMs(tokens: number, { perHour }: Bucket): number {
  return (tokens / perHour) * HOUR_MS;
}

/** The verdict; `left` is what the bucket holds afterwards. */
export function verdictOf(allowed: boolean, left: number, tokens: number, bucket: Bucket): Verdict {
  const missing = allowed ? 0 : Math.min(tokens, bucket.burst) - left;
  return {
    allowed,
    remaining: Math.max(0, Math.floor(left)),
    resetSeconds: Math.ceil(refillMs(bucket.burst - left, bucket) / 1_000),
    retrySeconds: allowed ? 0 : Math.max(1, Math.ceil(refillMs(missing, bucket) / 1_000)),
  };
}
