/** However many texts clients make up, and however long they are, little of them is kept. */
import { createTextCache } from '../../platform/graph/text-cache';

const text = (index: number, length: number): string => String(index).padEnd(length, ' ');

test('a million characters are kept, the last used ones, and nothing longer than ten thousand', () => {
  const cache = createTextCache<object>();
  for (let index = 0; index < 300; index += 1) {
    cache.set(text(index, 5_000), {});
    cache.get(text(0, 5_000));
    cache.set(text(index, 10_001), {});
  }
  const kept = [...cache.keys()];
  expect(kept).toHaveLength(199); // each of 5,001: one more than its text
  expect(kept).toContain(text(0, 5_000));
  expect(kept).toContain(text(299, 5_000));
  expect(kept.every(({ length }) => length === 5_000)).toBe(true);
});

test('under another key it counts by the size it is said to have', () => {
  const cache = createTextCache<object>();
  cache.set('hash of a long one', {}, { size: 10_001 });
  cache.set('hash of a short one', {}, { size: 9_999 });
  expect([...cache.keys()]).toEqual(['hash of a short one']);
});
