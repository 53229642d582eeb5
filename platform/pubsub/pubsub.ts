/** Short-lived wake-ups between processes. A lost one costs time, never correctness. Adapters: memory.ts, redis.ts. */
export interface PubSub {
  /**
   * Sends a wake-up: any JSON value. Never rejects and never waits for an unreachable store. A message that is not
   * JSON (a bigint, a cycle) is a mistake of the caller; it is logged and not sent.
   */
  publish(channel: string, message: unknown): Promise<void>;
  /**
   * Calls `listen` for each message until closed; nothing after `close()` was called. While the store is reachable, what
   * is published after this has resolved arrives; while it is not, this resolves all the same and the subscription
   * begins when the store is back. `onGap` is called each time messages may have been missed (an outage has ended and
   * the subscription is in force again): read the truth once more. What a listener throws is logged and goes no further.
   */
  subscribe(
    channel: string,
    listen: (message: unknown) => void,
    onGap?: () => void,
  ): Promise<{ close(): Promise<void> }>;
  /** Ends all subscriptions and connections. */
  close(): Promise<void>;
}
