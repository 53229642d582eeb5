/**
 * The one reader of the event log in a process. It reads each new event once, with its order, and hands both to the streams
 * concerned; so what streams cost the database does not depend on how many there are. Wake-ups say when to read. A lost one
 * costs the slow poll's time.
 */
import { asBackground } from '../../platform/db/statement-scope';
import { oneAtATime } from '../../platform/one-at-a-time';
import type { Services } from '../../platform/subgraph';
import type { EventLog } from './event-log';
import { headOfLog } from './read-events';
import { readLog, type LogEntry, type LogSource } from './read-log';

/** How often the log is looked at without a wake-up while there are streams, in milliseconds. */
const SLOW_POLL_MS = 2_000;
/** Events read at once. */
const BATCH = 1_000;

/** What the reader feeds. Neither may throw. */
export interface LogListener {
  /** Called once: everything after this position will be heard, and nothing up to it. */
  begin(position: bigint): void;
  /** An event of the source, in the order of positions. */
  hear(entry: LogEntry): void;
}

/** See the head of this file. */
export interface LogReader {
  /** Feeds the listener until closed. It begins at the end that the log had at the call, or later. */
  attach(source: LogSource, listener: LogListener): Promise<{ close(): void }>;
}

/** Makes the reader of this process. It does nothing while nobody listens. */
export function createLogReader({ db, log }: Pick<Services, 'db' | 'log'>, eventLog: EventLog): LogReader {
  const listeners = new Map<string, Set<LogListener>>();
  const idle = (): boolean => listeners.size === 0;
  let position = 0n;
  let woken: Promise<unknown> | null = null;
  let poll: NodeJS.Timeout | undefined;

  const dispatch = (entry: LogEntry): void => {
    const { id: orderId, ownerKind, ownerId, partnerId } = entry.order;
    const sources: LogSource[] = [{ orderId }, { whose: { ownerKind, ownerId } }, 'all'];
    if (partnerId !== null) sources.push({ whose: { partnerId } });
    for (const source of sources) listeners.get(nameOf(source))?.forEach((listener) => listener.hear(entry));
  };

  const read = oneAtATime(() =>
    asBackground(async () => {
      if (idle()) {
        const head = await headOfLog({ db });
        // Whoever came during that read begins where the log was read to: nothing may be skipped for them.
        if (idle()) {
          position = head;
          return;
        }
      }
      for (;;) {
        const entries = await readLog(db, 'all', { after: position, upTo: null, limit: BATCH });
        for (const entry of entries) {
          dispatch(entry);
          position = entry.event.position;
        }
        if (entries.length < BATCH) return;
      }
    }),
  );

  const look = (): void => {
    if (idle()) return;
    void read().catch((error: unknown) => log.warn({ err: error }, 'the event log could not be read for now'));
  };

  return {
    async attach(source, listener) {
      woken ??= eventLog.onNews(look);
      await woken;
      await read();
      // From here on in one go: between its beginning and its place in the map nothing can be dispatched.
      const name = nameOf(source);
      const same = listeners.get(name) ?? new Set();
      listeners.set(name, same.add(listener));
      poll ??= setInterval(look, SLOW_POLL_MS).unref();
      listener.begin(position);
      return {
        close: () => {
          same.delete(listener);
          if (same.size === 0 && listeners.get(name) === same) listeners.delete(name);
          if (!idle()) return;
          clearInterval(poll);
          poll = undefined;
        },
      };
    },
  };
}

function nameOf(source: LogSource): string {
  if (source === 'all') return source;
  if ('orderId' in source) return source.orderId;
  const { whose } = source;
  return 'partnerId' in whose ? `partner:${whose.partnerId}` : `${whose.ownerKind}:${whose.ownerId}`;
}
