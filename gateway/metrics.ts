/** What the gateway measures. In prom-client's default registry, so once for each process. */
import { Counter, Gauge, Histogram } from 'prom-client';

/** Operations answered, by type and by the code of their first error ("OK" if none). */
export const operationsTotal = new Counter({
  name: 'souk_operations_total',
  help: 'GraphQL operations answered, by type (query, mutation, subscription, none) and first error code (OK if none).',
  labelNames: ['type', 'code'],
});

/** How long operations take at the gateway, in seconds. */
export const operationSeconds = new Histogram({
  name: 'souk_operation_duration_seconds',
  help: 'Time from an operation being received to its answer, in seconds, by type and first error code.',
  labelNames: ['type', 'code'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10],
});

/** Whether each subgraph answered when it was last asked. */
export const subgraphUp = new Gauge({
  name: 'souk_subgraph_up',
  help: 'Whether the subgraph answered when the gateway last asked it: 1 or 0.',
  labelNames: ['subgraph'],
});

/** Sockets open now. */
export const socketsOpen = new Gauge({ name: 'souk_sockets_open', help: 'WebSocket connections open now.' });

/** Subscriptions running now. */
export const subscriptionsActive = new Gauge({ name: 'souk_subscriptions_active', help: 'Subscriptions running now.' });
