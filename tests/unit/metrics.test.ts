/** Metrics: what a process shows of itself and of its cache. */
import { createMemoryCache } from '../../platform/cache/memory';
import { metricsText, registerCacheMetrics, registerProcessMetrics } from '../../platform/metrics';

test('the process shows itself, however often it is asked to', async () => {
  registerProcessMetrics();
  registerProcessMetrics();
  expect((await metricsText()).match(/^process_cpu_seconds_total \d/gm)).toHaveLength(1);
});

test('hits and misses of the cache are shown by kind of key, of the cache registered last', async () => {
  registerCacheMetrics(createMemoryCache({ maxEntries: 10 }));
  const cache = createMemoryCache({ maxEntries: 10 });
  registerCacheMetrics(cache);
  for (const key of ['product:1', 'product:2', 'product:1', 'product:1']) {
    await cache.through(key, 60, async () => key);
  }
  for (let read = 1; read <= 2; read += 1) {
    const lines = (await metricsText()).split('\n').filter((line) => line.startsWith('souk_cache_requests_total'));
    expect(lines.sort()).toEqual([
      'souk_cache_requests_total{kind="product",result="hit"} 2',
      'souk_cache_requests_total{kind="product",result="miss"} 2',
    ]);
  }
});
