/** Cache-aside. Being down or empty costs speed, never correctness. Adapters: memory.ts (LRU), layered.ts (LRU, then Redis). */
export interface Cache {
  /**
   * Gives the cached value or loads and keeps it for `seconds`. Equal keys in flight are loaded once (no stampede).
   * Values are JSON: no bigint, no Date. A failing load is not cached; a failing store is as if empty.
   */
  through<T>(key: string, seconds: number, load: () => Promise<T>): Promise<T>;
  /** Forgets keys, here and in the shared store, and tells other processes to forget theirs. */
  forget(...keys: string[]): Promise<void>;
  /** Hits and misses so far, by the part of the key before the first ":". For metrics. */
  stats(): Record<string, { hits: number; misses: number }>;
  close(): Promise<void>;
}
