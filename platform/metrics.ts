/** Prometheus metrics: prom-client's default registry, so that a metric stands beside the code it measures. */
import { collectDefaultMetrics, Counter, Gauge, register } from 'prom-client';
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

/** How long a store that was asked for a metric is left alone, in milliseconds, whatever it answered. */
const SAMPLE_MS = 10_000;

/**
 * What `read` gives, asked at most once in `everyMs` however often and by whomever the metrics are read. Undefined while it
 * fails: a store that is down must not take the other metrics with it.
 */
export function sampled<Value>(read: () => Promise<Value>, everyMs = SAMPLE_MS): () => Promise<Value | undefined> {
  let asked = -Infinity;
  let answer: Promise<Value | undefined> = Promise.resolve(undefined);
  return () => {
    if (performance.now() - asked >= everyMs) {
      asked = performance.now();
      answer = read().catch(() => undefined);
    }
    return answer;
  };
}

/** Makes a gauge whose values are read when the metrics are; one of the same name is shown no longer. */
export function collectGauge<Label extends string>(options: {
  name: string;
  help: string;
  labelNames: Label[];
  collect: (set: (labels: Record<Label, string>, value: number) => void) => Promise<void>;
}): void {
  const { collect, ...shown } = options;
  register.removeSingleMetric(options.name);
  new Gauge({
    ...shown,
    async collect() {
      this.reset();
      await collect((labels, value) => this.set(labels, value));
    },
  });
}

/** All metrics of the process in Prometheus's text format. */
export function metricsText(): Promise<string> {
  return register.metrics();
}
