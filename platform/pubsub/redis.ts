/** Pub/sub over Redis: graphql-redis-subscriptions on two ioredis connections, one that publishes, one that listens. */
import { RedisPubSub as Engine } from 'graphql-redis-subscriptions';
import { Redis, type Command } from 'ioredis';
import type { Log } from '../log';
import { closeRedis, firstAttempt, impatient, patient, watchRedis } from '../redis';
import type { PubSub } from './pubsub';

/** How long a message may take to reach Redis before it counts as lost, in milliseconds. */
const PUBLISH_MS = 250;
/** How long `subscribe` waits for a reachable Redis to confirm, in milliseconds. */
const SUBSCRIBE_MS = 1_000;

/** How Redis is reached; channels are `<namespace>:<channel>`. */
export interface RedisPubSubOptions {
  url: string;
  namespace: string;
  log: Log;
}

/** Pub/sub over Redis. Returns at once and connects by itself, also when Redis is unreachable now. */
export function createRedisPubSub(options: RedisPubSubOptions): PubSub {
  return new RedisPubSub(options);
}

const UNATTENDED = new Set(['subscribe', 'unsubscribe', 'punsubscribe']);

/**
 * A connection whose (un)subscribe commands never fail. They wait out an outage, so they can only fail when the
 * connection is ended on purpose; the engine leaves some of their promises unattended, and an unhandled rejection would
 * end the process with an error in the middle of an orderly shutdown.
 */
class ListeningConnection extends Redis {
  override sendCommand(...args: Parameters<Redis['sendCommand']>): unknown {
    const command: Command = args[0];
    const outcome = super.sendCommand(...args);
    if (!(outcome instanceof Promise) || !UNATTENDED.has(command.name)) return outcome;
    return outcome.catch(() => new Promise(() => undefined));
  }
}

class RedisPubSub implements PubSub {
  private readonly publisher: Redis;
  private readonly listening: Redis;
  private readonly engine: Engine;
  private readonly attempted: Promise<unknown>;
  private readonly gapListeners = new Set<() => void>();
  private readonly namespace: string;
  private readonly log: Log;
  private closed = false;

  constructor(options: RedisPubSubOptions) {
    const { url, namespace, log } = options;
    this.namespace = namespace;
    this.log = log;
    this.publisher = watchRedis(new Redis(url, impatient(PUBLISH_MS)), 'publish', log);
    this.listening = watchRedis(new ListeningConnection(url, patient()), 'subscribe', log);
    this.attempted = Promise.all([firstAttempt(this.publisher), firstAttempt(this.listening)]);
    // Text, for each listener to read for itself: what one does to its message is nothing to the others.
    const deserializer = (text: string | Buffer): string => text.toString();
    this.engine = new Engine({ publisher: this.publisher, subscriber: this.listening, deserializer });
    this.listening.on('ready', () => void this.announceGap());
  }

  async publish(channel: string, message: unknown): Promise<void> {
    // Only at the start of the process, for a second at most: what is sent before the first connection stands is lost.
    await this.attempted;
    if (this.publisher.status !== 'ready') return;
    try {
      await this.engine.publish(this.named(channel), message ?? null);
    } catch (error) {
      if (error instanceof TypeError) this.log.error({ err: error, channel }, 'a message is not JSON and was not sent');
      else this.log.warn({ err: error, channel }, 'a wake-up was lost');
    }
  }

  async subscribe(
    channel: string,
    listen: (message: unknown) => void,
    onGap?: () => void,
  ): Promise<{ close(): Promise<void> }> {
    let open = true;
    const guarded = this.guard((text: string) => {
      if (open && !this.closed) listen(JSON.parse(text));
    });
    const gap = this.guard(() => {
      if (open && !this.closed) onGap?.();
    });
    const subscribed = this.engine.subscribe(this.named(channel), guarded);
    let waiting = true;
    void subscribed.then(() => {
      if (!open) return;
      if (!waiting) gap(); // the caller went on without it: what was published since then is missed
      this.gapListeners.add(gap);
    });
    await this.confirmed(subscribed);
    waiting = false;
    return {
      close: async () => {
        if (!open) return;
        open = false;
        this.gapListeners.delete(gap);
        // Not before it is in force: the engine would register it after it has forgotten it, and fail at each message.
        void subscribed.then((id) => this.engine.unsubscribe(id));
      },
    };
  }

  async close(): Promise<void> {
    this.closed = true; // what is still on its way must not find listeners whose owners have gone
    this.gapListeners.clear();
    await Promise.all([closeRedis(this.publisher), closeRedis(this.listening)]);
  }

  // Not by the engine's triggerTransform: it renames what is subscribed to, but not what is published to.
  private named(channel: string): string {
    return `${this.namespace}:${channel}`;
  }

  /** Waits until the subscription is in force, but not for an unreachable Redis. */
  private async confirmed(subscribed: Promise<number>): Promise<void> {
    await this.attempted;
    if (this.listening.status !== 'ready') return;
    let settle: () => void = () => undefined;
    const given = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const timer = setTimeout(settle, SUBSCRIBE_MS);
    this.listening.once('close', settle);
    await Promise.race([subscribed, given]);
    clearTimeout(timer);
    this.listening.off('close', settle);
  }

  private async announceGap(): Promise<void> {
    // Only those that stood before: one made since then has missed nothing.
    const due = [...this.gapListeners];
    // The subscriptions were sent before this: its answer means that they are in force. Told earlier, a reader could
    // read the truth, miss a message that came just after, and wait for ever.
    await this.listening.ping().catch(() => undefined);
    for (const tell of due) tell();
  }

  private guard<Args extends unknown[]>(listener: (...args: Args) => void): (...args: Args) => void {
    return (...args) => {
      try {
        listener(...args);
      } catch (error) {
        this.log.error({ err: error }, 'a pub/sub listener failed');
      }
    };
  }
}
