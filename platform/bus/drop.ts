/** Removing a namespace from the broker: after tests, trials and `start:distributed -- --drop`. */
import { Connection } from 'rabbitmq-client';
import type { QueueBinding } from './bus';
import { DEFAULT_RETRY, type RetryPolicy } from './retry';
import { Topology } from './topology';

/**
 * Deletes exchanges and queues of the namespace with all they hold. The queues must be named, since the protocol cannot list
 * them; what does not exist is passed over. Rejects if the broker cannot be reached within 30 s.
 */
export async function dropRabbitNamespace(
  url: string,
  namespace: string,
  bindings: readonly QueueBinding[],
  retry: RetryPolicy = DEFAULT_RETRY,
): Promise<void> {
  const topology = new Topology(namespace, retry);
  const connection = new Connection({ url, acquireTimeout: 30_000, connectionTimeout: 30_000 });
  connection.on('error', () => undefined); // acquire tells of it
  try {
    const channel = await connection.acquire();
    for (const { queue } of bindings) {
      await channel.queueDelete({ queue: topology.queue(queue) });
      await channel.queueDelete({ queue: topology.dead(queue) });
    }
    for (const name of topology.retries) {
      await channel.queueDelete({ queue: name });
      await channel.exchangeDelete({ exchange: name });
    }
    await channel.exchangeDelete({ exchange: topology.events });
    await channel.close();
  } finally {
    await connection.close();
  }
}
