/** What was made of texts of clients a moment ago, so that it need not be made again: parsed documents, plans. */
import { LRUCache } from 'lru-cache';

/** Characters of the texts, at most; what is made of one takes up to 300 bytes for each. */
const KEPT_CHARACTERS = 1_000_000;
/** Of one text. Of longer ones it is made each time: a flood of them would push out what others ask, and keep memory full. */
const LONGEST_KEPT = 10_000;

/**
 * Makes the cache; the least recently used go first. Keys are the texts; whoever has another key says the text's length as
 * `size`. Sized by texts because counting entries bounds nothing where clients choose how long one is.
 */
export function createTextCache<Made extends object>(): LRUCache<string, Made> {
  return new LRUCache({
    maxSize: KEPT_CHARACTERS,
    maxEntrySize: LONGEST_KEPT,
    sizeCalculation: (_made, text) => text.length + 1,
  });
}
