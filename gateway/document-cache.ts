/** Documents that were parsed a moment ago, so that they need not be again. */
import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';

/** Characters of their texts, at most; a parsed one takes up to 300 bytes for each. */
const KEPT_CHARACTERS = 1_000_000;
/** Of one text. Longer ones are parsed each time: a flood of them would push out what clients ask, and keep memory full. */
const LONGEST_KEPT = 10_000;

/**
 * Makes the cache; the least recently used go first. Sized by the texts, of which documents know their own: writing each out to
 * measure it, as Apollo Server's store does, takes longer than parsing did, before a hostile one can be refused.
 */
export function createDocumentCache(): LRUCache<string, DocumentNode> {
  return new LRUCache({
    maxSize: KEPT_CHARACTERS,
    maxEntrySize: LONGEST_KEPT,
    sizeCalculation: ({ loc }) => (loc?.source.body.length ?? 0) + 1,
  });
}
