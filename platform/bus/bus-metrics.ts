/** What waits in the queues, and what no consumer could handle, as metrics. */
import { collectGauge, sampled } from '../metrics';
import type { Bus } from './bus';

/** Ending of the names under which {@link Bus.depths} tells of dead letters. */
const DEAD = '.dead';

/**
 * Shows the depth of every declared queue. All processes with a bus show the same queues: take the maximum, not the sum. While
 * the broker cannot be reached there are no values.
 */
export function registerBusMetrics(bus: Pick<Bus, 'depths'>, everyMs?: number): void {
  const depths = sampled(() => bus.depths(), everyMs);
  const show = (name: string, help: string, dead: boolean): void =>
    collectGauge({
      name,
      help,
      labelNames: ['queue'],
      collect: async (set) => {
        for (const [key, messages] of Object.entries((await depths()) ?? {})) {
          if (key.endsWith(DEAD) === dead) set({ queue: dead ? key.slice(0, -DEAD.length) : key }, messages);
        }
      },
    });
  show('souk_queue_messages', 'Messages that wait in a queue; "retry": those in backoff, of all queues.', false);
  show('souk_dead_letters', 'Messages that no consumer of the queue could handle: they need an operator.', true);
}
