/** Prometheus metrics: prom-client's default registry, so that a metric stands beside the code it measures. */
import { collectDefaultMetrics, Counter, register } from 'prom-client';
import type { Cache } from './cache/cache';

/** Content type of {@link metricsText}. */
export const METRICS_CONTENT_TYPE = register.contentType;

/** Adds the process's own metrics (memory, event loop, garbage collection). Calling it again changes nothing. */
export function registerProcessMetrics(): void {
  // prom-client refuses a second registration of the same names.
  if (!register.getSingleMetric('process_cpu_seconds_total')) collectDefaultMetrics();
}

const CACHE_REQUESTS = 'souk_cache_requests_total';

/** Shows a cache's hits and misses by the kind of key; a cache shown before is shown no longer. */
export function registerCacheMetrics(cache: Cache): void {
  register.removeSingleMetric(CACHE_REQUESTS);
  new Counter({
    name: CACHE_REQUESTS,
    help: 'Reads through the cache, by kind of key and result (hit, miss).',
    labelNames: ['kind', 'result'],
    collect() {
      this.reset();
      for (const [kind, { hits, misses }] of Object.entries(cache.stats())) {
        this.inc({ kind, result: 'hit' }, hits);
        this.inc({ kind, result: 'miss' }, misses);
      }
    },
  });
}

/** All metrics of the process in Prometheus's text format. */
export function metricsText(): Promise<string> {
  return register.metrics();
}
