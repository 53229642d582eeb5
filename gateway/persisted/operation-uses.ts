/** Counts how often registered operations are used, and tells accounts now and then. */
import type { Log } from '../../platform/log';
import { MOST_USES } from '../../subgraphs/accounts/messages';
import type { OperationSource } from './operation-source';

/** Pause between two reports, in milliseconds. */
const REPORT_MS = 5_000;

/** The counter of one gateway. */
export interface OperationUses {
  count(hash: string): void;
  /** Reports what is left. */
  stop(): Promise<void>;
}

/** Begins to count. What accounts does not take is reported the next time; there are no more counters than operations. */
export function startOperationUses(source: Pick<OperationSource, 'recordUses'>, log: Log): OperationUses {
  const counts = new Map<string, number>();
  const add = (hash: string, count: number): void => void counts.set(hash, (counts.get(hash) ?? 0) + count);

  const report = async (): Promise<void> => {
    const uses = [...counts].slice(0, MOST_USES).map(([hash, count]) => ({ hash, count }));
    if (uses.length === 0) return;
    for (const { hash } of uses) counts.delete(hash);
    try {
      await source.recordUses(uses);
    } catch (error) {
      log.debug({ err: error }, 'uses of operations could not be reported yet');
      for (const { hash, count } of uses) add(hash, count);
    }
  };
  const timer = setInterval(() => void report(), REPORT_MS);
  return {
    count: (hash) => add(hash, 1),
    stop: async () => {
      clearInterval(timer);
      await report();
    },
  };
}
