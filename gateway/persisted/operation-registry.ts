/** What the gateway knows of registered operations: all of them, kept up to date by asking accounts for what has changed. */
import type { Log } from '../../platform/log';
import type { PubSub } from '../../platform/pubsub/pubsub';
import { OPERATIONS_CHANNEL, type OperationChange, type OperationClient } from '../../subgraphs/accounts/messages';
import type { OperationSource } from './operation-source';

/** Pause between two questions to accounts, in milliseconds: how late a lost wake-up is noticed. */
const POLL_MS = 3_000;

/** A registered operation. */
export type RegisteredOperation = Pick<
  OperationChange,
  'hash' | 'body' | 'ids' | 'clients' | 'budgetPerMinute' | 'killed'
>;

/** Registered operations. Does not wait for accounts: what it was last told counts while accounts cannot be reached. */
export interface OperationRegistry {
  /** False until accounts has been heard once: then nobody can say what is registered, and for whom. */
  known(): boolean;
  /** By its hash, also if it is retired and nobody has it any more. */
  byHash(hash: string): RegisteredOperation | undefined;
  /** By an id under which some application has it now. */
  byId(id: string): RegisteredOperation | undefined;
  /** Calls `listener` when the operation is switched off, at once if it is. Returns the function that ends that. */
  whenSwitchedOff(hash: string, listener: () => void): () => void;
  /** The application that this API client (uuid) is. */
  clientOf(apiClientId: string): OperationClient | undefined;
  stop(): Promise<void>;
}

/** Begins to listen; resolves after the first question to accounts, whether or not it was answered. */
export async function startOperationRegistry(options: {
  source: Pick<OperationSource, 'read'>;
  /** On which accounts says that something has changed. */
  pubsub: PubSub;
  log: Log;
}): Promise<OperationRegistry> {
  const { source, pubsub, log } = options;
  const operations = new Map<string, RegisteredOperation>();
  const hashes = new Map<string, string>();
  const listeners = new Map<string, Set<() => void>>();
  let clients = new Map<string, OperationClient>();
  let known = -1;
  let after = { version: 0, hash: '' };
  let reachable = true;
  let asking: Promise<void> | undefined;
  let again = false;

  const take = (change: OperationChange): void => {
    for (const id of operations.get(change.hash)?.ids ?? []) hashes.delete(id);
    for (const id of change.ids) hashes.set(id, change.hash);
    operations.set(change.hash, change);
    after = { version: change.version, hash: change.hash };
    if (change.killed) for (const listener of listeners.get(change.hash) ?? []) listener();
  };
  const ask = async (): Promise<void> => {
    for (let more = true; more;) {
      const answer = await source.read({ known, after });
      answer.changes.forEach(take);
      if (answer.clients) clients = new Map(answer.clients.map((client) => [client.apiClientId, client]));
      ({ more } = answer);
      if (!more) known = answer.version;
    }
  };
  /** One question at a time; a wake-up during one asks again, for its answer may be older. */
  const refresh = (): Promise<void> => {
    again = true;
    asking ??= (async () => {
      while (again) {
        again = false;
        try {
          await ask();
          reachable = true;
        } catch (error) {
          if (reachable) log.warn({ err: error }, 'registered operations cannot be read; the last ones known count');
          reachable = false;
        }
      }
      asking = undefined;
    })();
    return asking;
  };

  const wakeUps = await pubsub.subscribe(
    OPERATIONS_CHANNEL,
    () => void refresh(),
    () => void refresh(),
  );
  const poll = setInterval(() => void refresh(), POLL_MS);
  await refresh();

  return {
    known: () => known >= 0,
    byHash: (hash) => operations.get(hash),
    byId: (id) => operations.get(hashes.get(id) ?? ''),
    clientOf: (apiClientId) => clients.get(apiClientId),
    whenSwitchedOff: (hash, listener) => {
      const all = listeners.get(hash) ?? new Set();
      listeners.set(hash, all.add(listener));
      if (operations.get(hash)?.killed) listener();
      return () => {
        all.delete(listener);
        if (all.size === 0 && listeners.get(hash) === all) listeners.delete(hash);
      };
    },
    stop: async () => {
      clearInterval(poll);
      await wakeUps.close();
      await asking;
    },
  };
}
