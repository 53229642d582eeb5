/** Pub/sub inside one process. */
import type { Log } from '../log';
import type { PubSub } from './pubsub';

type Listener = (message: unknown) => void;

/** Pub/sub for one process. `log` hears of listeners that throw and messages that are not JSON. */
export function createMemoryPubSub(options: { log?: Log } = {}): PubSub {
  return new MemoryPubSub(options.log);
}

class MemoryPubSub implements PubSub {
  private readonly listeners = new Map<string, Set<Listener>>();

  constructor(private readonly log?: Log) {}

  async publish(channel: string, message: unknown): Promise<void> {
    const listeners = this.listeners.get(channel);
    if (!listeners) return;
    try {
      // Through JSON, as over a wire: a listener cannot change another's message, and dates are strings everywhere.
      const text = JSON.stringify(message ?? null);
      // Later, as over a wire: a publisher never runs its listeners' code inside its own.
      setImmediate(() => listeners.forEach((listener) => this.deliver(listener, text)));
    } catch (error) {
      this.log?.error({ err: error, channel }, 'a message is not JSON and was not sent');
    }
  }

  async subscribe(channel: string, listen: Listener): Promise<{ close(): Promise<void> }> {
    // A set of its own function, so that the same `listen` may be subscribed twice.
    const listener: Listener = (message) => listen(message);
    const listeners = this.listeners.get(channel) ?? new Set();
    this.listeners.set(channel, listeners.add(listener));
    return {
      close: async () => {
        listeners.delete(listener);
        if (listeners.size === 0 && this.listeners.get(channel) === listeners) this.listeners.delete(channel);
      },
    };
  }

  async close(): Promise<void> {
    for (const listeners of this.listeners.values()) listeners.clear();
    this.listeners.clear();
  }

  private deliver(listener: Listener, text: string): void {
    try {
      listener(JSON.parse(text));
    } catch (error) {
      this.log?.error({ err: error }, 'a pub/sub listener failed');
    }
  }
}
