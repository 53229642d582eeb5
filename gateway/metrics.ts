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

/** Answers of subscriptions handed to clients. */
export const subscriptionEvents = new Counter({
  name: 'souk_subscription_events_total',
  help: 'Answers of subscriptions handed to clients, each client of a shared one counted.',
});

/** What subscriptions are fed from: equal ones of a session share. */
export const subscriptionSources = new Gauge({
  name: 'souk_subscription_sources',
  help: 'Streams of events open at subgraphs now. Fewer than subscriptions: equal ones of a session share.',
});

/** Responses that stream answers over HTTP, open now. */
export const streamsOpen = new Gauge({
  name: 'souk_streams_open',
  help: 'HTTP responses that stream answers open now, by transport (sse, multipart).',
  labelNames: ['transport'],
});

/** Streams over HTTP that the gateway has cut. */
export const streamsCut = new Counter({
  name: 'souk_streams_cut_total',
  help: 'Streams over HTTP ended by the gateway, by transport and reason: slow (unread for 30 s), session (over), too_many, restart.',
  labelNames: ['transport', 'reason'],
});

/** Sockets that the gateway ended, by reason. */
export const socketsCut = new Counter({
  name: 'souk_sockets_cut_total',
  help: 'WebSocket connections the gateway ended, by reason: slow, missed_ping, expired, revoked, refused (token no good), too_many, init_timeout, restart, protocol.',
  labelNames: ['reason'],
});
