/**
 * Names and properties of what lives in the broker:
 *
 *   <ns>.events --event name--> <ns>.<queue> --ack--> gone
 *                                  |    ^ \--- dead, or delivery limit --> <ns>.<queue>.dead
 *                            retry |    | expired: back by its routing key
 *                                  v    |
 *                         <ns>.retry.<ms>  (one for each delay, shared by all queues)
 *
 * Retry queues are one per delay because a broker expires only what is at the head: with delays mixed in one queue, a message
 * of 10 minutes would hold up one of a second. They are shared because a message finds its way back by its routing key, which
 * is the queue it came from. Queues are quorum queues (replicated, on disk before they are confirmed) and dead-letter at least
 * once: with the default strategy a message is lost if the broker dies between the two queues.
 * A queue's properties cannot be changed in place: another value needs another name, or the queue deleted while it is empty.
 */
import type { Channel } from 'rabbitmq-client';
import type { RetryPolicy } from './retry';

/** Names in a namespace, and how to make what they name. */
export class Topology {
  constructor(
    private readonly namespace: string,
    private readonly policy: RetryPolicy,
  ) {}

  /** The exchange all events are published to; the routing key is the event's name. */
  get events(): string {
    return `${this.namespace}.events`;
  }

  /** A queue's name in the broker. */
  queue(queue: string): string {
    return `${this.namespace}.${queue}`;
  }

  /** The name of a queue's dead-letter queue. */
  dead(queue: string): string {
    return `${this.namespace}.${queue}.dead`;
  }

  /** Exchange and queue in which messages wait for `delayMs`. */
  retry(delayMs: number): string {
    return `${this.namespace}.retry.${delayMs}`;
  }

  /** The retry queues' names. */
  get retries(): string[] {
    return [...new Set(this.policy.delaysMs)].map((delayMs) => this.retry(delayMs));
  }

  /** Properties of a consumer's queue. */
  queueOptions(queue: string): { queue: string; durable: true; arguments: Record<string, string | number> } {
    return {
      queue: this.queue(queue),
      durable: true,
      arguments: {
        'x-queue-type': 'quorum',
        'x-delivery-limit': this.policy.deliveryLimit,
        ...deadLetteringTo(''),
        'x-dead-letter-routing-key': this.dead(queue),
      },
    };
  }

  /** Makes what all queues share. Idempotent. */
  async declareShared(channel: Channel): Promise<void> {
    await channel.exchangeDeclare({ exchange: this.events, type: 'topic', durable: true });
    for (const delayMs of new Set(this.policy.delaysMs)) {
      const name = this.retry(delayMs);
      // A fanout exchange leaves the routing key free to say where the message goes back to.
      await channel.exchangeDeclare({ exchange: name, type: 'fanout', durable: true });
      await channel.queueDeclare({
        queue: name,
        durable: true,
        arguments: { 'x-queue-type': 'quorum', 'x-message-ttl': delayMs, ...deadLetteringTo('') },
      });
      await channel.queueBind({ exchange: name, queue: name });
    }
  }

  /** Makes a queue with its dead-letter queue and bindings. Idempotent. */
  async declareQueue(channel: Channel, queue: string, events: Iterable<string>): Promise<void> {
    // First, so that there is never a queue whose dead letters go nowhere.
    await channel.queueDeclare({ queue: this.dead(queue), durable: true, arguments: { 'x-queue-type': 'quorum' } });
    await channel.queueDeclare(this.queueOptions(queue));
    for (const event of events) {
      await channel.queueBind({ exchange: this.events, queue: this.queue(queue), routingKey: event });
    }
  }
}

/** At-least-once dead-lettering needs reject-publish; without a length limit nothing is ever rejected. */
function deadLetteringTo(exchange: string): Record<string, string> {
  return {
    'x-dead-letter-exchange': exchange,
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish',
  };
}
