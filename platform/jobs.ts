/** Runs background jobs, each again some time after its last run ended, until stopped. */
import { Counter } from 'prom-client';
import type { Log } from './log';

const runs = new Counter({
  name: 'souk_job_runs_total',
  help: 'Runs of background jobs, by job and result.',
  labelNames: ['job', 'result'],
});

/** A job bound to its services. */
export interface BoundJob {
  name: string;
  /** Milliseconds from the end of one run to the start of the next. */
  everyMs: number;
  run(): Promise<void>;
}

/** Starts the jobs. `stop` waits for those running. A failing run is logged and tried again at the next turn. */
export function startJobs(jobs: readonly BoundJob[], log: Log): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const loops = jobs.map(async (job) => {
    while (!stopping.signal.aborted) {
      try {
        await job.run();
        runs.inc({ job: job.name, result: 'done' });
      } catch (error) {
        runs.inc({ job: job.name, result: 'failed' });
        log.warn({ err: error, job: job.name }, 'job failed');
      }
      await pause(job.everyMs, stopping.signal);
    }
  });
  return {
    async stop() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
