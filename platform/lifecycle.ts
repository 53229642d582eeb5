/** What was started is stopped in reverse order, each step within its time. */
import type { Log } from './log';

/** Collects the things to stop; the last started is the first stopped. */
export class Lifecycle {
  private readonly steps: { name: string; stop: () => Promise<void> | void; withinMs: number }[] = [];
  private stopping?: Promise<void>;

  constructor(private readonly log: Log) {}

  /** Registers how to stop what has just been started. `withinMs`: after that the next step goes on without it. */
  onStop(name: string, stop: () => Promise<void> | void, withinMs = 5_000): void {
    this.steps.push({ name, stop, withinMs });
  }

  /** The same for what everything else stands on, however late it was started: it is stopped after all others. */
  onStopLast(name: string, stop: () => Promise<void> | void, withinMs = 5_000): void {
    this.steps.unshift({ name, stop, withinMs });
  }

  /** Stops everything, once; later calls wait for the first. Never rejects. */
  stop(): Promise<void> {
    this.stopping ??= this.run();
    return this.stopping;
  }

  private async run(): Promise<void> {
    for (const { name, stop, withinMs } of this.steps.reverse()) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<'late'>((resolve) => {
        timer = setTimeout(() => resolve('late'), withinMs);
      });
      try {
        if ((await Promise.race([Promise.resolve(stop()), late])) === 'late')
          this.log.warn({ step: name }, 'stop is late');
      } catch (error) {
        this.log.warn({ err: error, step: name }, 'stop failed');
      } finally {
        clearTimeout(timer);
      }
    }
  }
}
