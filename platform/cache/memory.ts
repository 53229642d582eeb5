/** The cache of a process on its own. */
import type { Clock } from '../clock';
import type { Cache } from './cache';
import { LocalLayer, toPlain } from './local';

/** A cache inside this process. `maxEntries`: the least recently used go first. */
export function createMemoryCache(options: { maxEntries: number; clock?: Clock }): Cache {
  const local = new LocalLayer(options);
  return {
    through: (key, seconds, load) => {
      if (!(seconds > 0)) return load();
      return local.through(key, seconds * 1_000, async () => {
        const { text, value } = toPlain(await load());
        return { value, loaded: true, keep: text !== undefined };
      });
    },
    forget: async (...keys) => local.forget(keys),
    stats: () => local.stats(),
    close: async () => local.clear(),
  };
}
