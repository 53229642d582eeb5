/** Cache-aside. Being down or empty costs speed, never correctness. Adapters: memory.ts (LRU), layered.ts (LRU, then Redis). */
export interface Cache {
  /**
   * Gives the cached value or loads and keeps it for `seconds`. Equal keys in flight are loaded once (no stampede).
   * Values are JSON: no bigint, no Date; what is given is frozen, because it is shared. `undefined` and a failing load
   * are not cached; a failing store is as if empty. `load` works for all who wait: nothing of one caller's request (its
   * abort signal, what only it may see) belongs in it. A key names everything the value depends on, its shape included.
   * A load that was begun before its key was forgotten still answers those who wait for it and is not kept.
   */
  through<T>(key: string, seconds: number, load: () => Promise<T>): Promise<T>;
  /** Forgets keys, here and in the shared store, and tells other processes to forget theirs. */
  forget(...keys: string[]): Promise<void>;
  /** Hits and misses so far, by the part of the key before the first ":". For metrics. */
  stats(): Record<string, { hits: number; misses: number }>;
  close(): Promise<void>;
}
