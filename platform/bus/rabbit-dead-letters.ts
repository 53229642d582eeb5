/** Looking into queues and sending dead letters back. */
import type { Channel, SyncMessage } from 'rabbitmq-client';
import type { DeadLetter } from './bus';
import { eventEnvelopeSchema } from './event';
import { failedAttempts } from './rabbit-consumer';
import type { RabbitSender } from './rabbit-sender';
import type { RetryPolicy } from './retry';
import type { Topology } from './topology';

/** Reads the dead letters of a queue. They are taken without acknowledgement and go back when the channel is closed. */
export async function listDeadLetters(
  channel: Channel,
  topology: Topology,
  policy: RetryPolicy,
  queue: string,
  limit: number,
): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  while (letters.length < limit) {
    const message = await channel.basicGet(topology.dead(queue));
    if (!message) break;
    letters.push(describe(queue, message, policy));
  }
  return letters;
}

/**
 * Sends the dead letters of a queue back to it, those that are there at the start: what dies again meanwhile waits for the next
 * time. Each is confirmed in its queue before it leaves the dead letters.
 */
export async function replayDeadLetters(
  channel: Channel,
  topology: Topology,
  sender: RabbitSender,
  queue: string,
): Promise<number> {
  const { messageCount } = await channel.queueDeclare({ queue: topology.dead(queue), passive: true });
  let replayed = 0;
  while (replayed < messageCount) {
    const message = await channel.basicGet(topology.dead(queue));
    if (!message) break;
    const routingKey = topology.queue(queue);
    await sender.send(
      { exchange: '', routingKey, messageId: message.messageId, durable: true, mandatory: true },
      message.body,
    );
    channel.basicAck({ deliveryTag: message.deliveryTag });
    replayed += 1;
  }
  return replayed;
}

/** Numbers of messages by queue, dead letters under `<queue>.dead`, all that are in backoff under `retry`. */
export async function countMessages(
  channel: Channel,
  topology: Topology,
  queues: readonly string[],
): Promise<Record<string, number>> {
  const count = async (name: string): Promise<number> =>
    (await channel.queueDeclare({ queue: name, passive: true })).messageCount;
  const depths: Record<string, number> = { retry: 0 };
  for (const queue of queues) {
    depths[queue] = await count(topology.queue(queue));
    depths[`${queue}.dead`] = await count(topology.dead(queue));
  }
  for (const name of topology.retries) depths['retry'] = (depths['retry'] ?? 0) + (await count(name));
  return depths;
}

function describe(queue: string, message: SyncMessage, policy: RetryPolicy): DeadLetter {
  const event = eventEnvelopeSchema.safeParse(message.body);
  const failed = failedAttempts(message.headers);
  return {
    queue,
    id: message.messageId ?? '',
    name: event.success ? event.data.name : '(not an event)',
    aggregateId: event.success ? event.data.aggregateId : '',
    time: event.success ? event.data.time : '',
    // The broker's own dead-lettering: the message took its consumers down with it until the limit.
    attempts: message.headers?.['x-death'] === undefined ? failed : failed + policy.deliveryLimit,
  };
}
