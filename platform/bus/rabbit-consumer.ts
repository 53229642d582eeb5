/** Consuming one queue: every message is acknowledged once its next place is certain, and never requeued in a hot loop. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ConsumerStatus, type AsyncMessage, type Connection } from 'rabbitmq-client';
import type { Log } from '../log';
import type { MessageHandler } from './bus';
import { eventEnvelopeSchema } from './event';
import type { RabbitSender } from './rabbit-sender';
import { attemptMessage, type Next, type RetryPolicy } from './retry';
import type { Topology } from './topology';

/** Header that counts the failed attempts of a message. */
export const ATTEMPTS_HEADER = 'souk-attempts';

/** Milliseconds to wait before a message goes back to the broker because its next place could not be reached. */
const REQUEUE_PAUSE_MS = 1_000;

interface Context {
  connection: Connection;
  topology: Topology;
  sender: RabbitSender;
  policy: RetryPolicy;
  log: Log;
}

/** Consumes a declared queue until closed; closing waits for the handlers. Survives lost connections. */
export function consumeQueue(
  queue: string,
  handle: MessageHandler,
  prefetch: number,
  context: Context,
): { close(): Promise<void> } {
  const { connection, topology, log } = context;
  const options = topology.queueOptions(queue);
  const consumer = connection.createConsumer(
    {
      queue: options.queue,
      queueOptions: options,
      // Equal: a message fetched but not begun would count as a failed delivery when this process ends.
      qos: { prefetchCount: prefetch },
      concurrency: prefetch,
      requeue: false,
    },
    (message) => settle(queue, message, handle, context),
  );
  // Without a listener a lost connection would end the process. The bus logs it; this is about one queue.
  consumer.on('error', (error) => log.debug({ err: error, queue }, 'consumer interrupted'));
  return { close: () => consumer.close() };
}

async function settle(
  queue: string,
  message: AsyncMessage,
  handle: MessageHandler,
  context: Context,
): Promise<ConsumerStatus> {
  const attempt = failedAttempts(message.headers) + 1;
  const next = await judge(queue, message, handle, attempt, context);
  if (next.kind === 'done') return ConsumerStatus.ACK;
  try {
    await forward(queue, message, next, attempt, context);
    return ConsumerStatus.ACK; // only now: the copy is safe
  } catch (error) {
    context.log.warn({ err: error, queue }, 'message could not be moved, goes back to its queue');
    await sleep(REQUEUE_PAUSE_MS);
    return ConsumerStatus.REQUEUE;
  }
}

async function judge(
  queue: string,
  message: AsyncMessage,
  handle: MessageHandler,
  attempt: number,
  { policy, log }: Context,
): Promise<Next> {
  const event = eventEnvelopeSchema.safeParse(message.body);
  if (event.success) return attemptMessage(handle, event.data, { queue, attempt, policy, log });
  log.error({ queue }, 'message is dead: not an event');
  return { kind: 'dead' };
}

async function forward(
  queue: string,
  message: AsyncMessage,
  next: Exclude<Next, { kind: 'done' }>,
  attempt: number,
  { topology, sender }: Context,
): Promise<void> {
  const place =
    next.kind === 'retry'
      ? { exchange: topology.retry(next.delayMs), routingKey: topology.queue(queue) }
      : { exchange: '', routingKey: topology.dead(queue) };
  const headers = { [ATTEMPTS_HEADER]: attempt };
  await sender.send({ ...place, messageId: message.messageId, durable: true, mandatory: true, headers }, message.body);
}

/** Failed attempts so far, by the header; 0 if it has none. */
export function failedAttempts(headers: Record<string, unknown> | undefined): number {
  const value = headers?.[ATTEMPTS_HEADER];
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : 0;
}
