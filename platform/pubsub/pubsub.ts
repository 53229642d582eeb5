/** Short-lived wake-ups between processes. A lost one costs time, never correctness. Adapters: memory.ts, redis.ts. */
export interface PubSub {
  /** Sends a wake-up. Never rejects and never waits for an unreachable store. */
  publish(channel: string, message: unknown): Promise<void>;
  /** Calls `listen` for each message until closed. Re-subscribes by itself after an outage. */
  subscribe(channel: string, listen: (message: unknown) => void): Promise<{ close(): Promise<void> }>;
  close(): Promise<void>;
}
