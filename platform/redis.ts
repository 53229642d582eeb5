/** Connections to Redis: they open by themselves, come back by themselves, and never stop the process from starting. */
import { Redis, type RedisOptions } from 'ioredis';
import type { Log } from './log';

/** How long one attempt to connect may take, in milliseconds. */
const CONNECT_MS = 1_000;

/** Options of every connection. Times in milliseconds. */
const COMMON: RedisOptions = {
  connectTimeout: CONNECT_MS,
  // Jitter: processes that lost Redis together must not come back in the same instant.
  retryStrategy: (attempt) => Math.min(attempt * 50, 1_000) * (0.75 + Math.random() / 2),
  // A server that does not answer our farewell is left after this; the default of 2 s would hold up every shutdown.
  disconnectTimeout: 200,
};

/**
 * Options for commands that must never hold a request up: without a connection they fail at once (no queue, no retry),
 * with one that does not answer after `commandMs`.
 */
export function impatient(commandMs: number): RedisOptions {
  return {
    ...COMMON,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: commandMs,
  };
}

/**
 * Options for a connection that only subscribes: what was asked for waits for the connection, however long. No ready check:
 * ioredis would ask INFO, and a subscription sent while the answer to the handshake is under way makes it refuse that
 * itself, and drop all that waits.
 */
export function patient(): RedisOptions {
  return { ...COMMON, maxRetriesPerRequest: null, enableReadyCheck: false };
}

/** How often a connection is asked whether it is alive, in milliseconds; two questions without an answer replace it. */
const PULSE_MS = 2_000;
const pulses = new WeakMap<Redis, NodeJS.Timeout>();

/**
 * Watches a connection until {@link closeRedis}: logs that it was lost and that it is back, once each, and replaces one
 * whose peer went away without a word, which the system would notice after a quarter of an hour. Returns it.
 */
export function watchRedis<Client extends Redis>(client: Client, purpose: string, log: Log): Client {
  let down = false;
  let unanswered = 0;
  client.on('error', (error) => {
    if (!down) log.warn({ err: error, purpose }, 'Redis is unreachable');
    down = true;
  });
  client.on('ready', () => {
    if (down) log.info({ purpose }, 'Redis is back');
    down = false;
    unanswered = 0;
  });
  const answered = (): void => {
    unanswered = 0;
  };
  // Not ioredis's socketTimeout: its timer outlives the connection and then ends the one that came after.
  const pulse = setInterval(() => {
    if (client.status !== 'ready') return;
    unanswered += 1;
    if (unanswered > 2) client.disconnect(true);
    else client.ping().then(answered, () => undefined);
  }, PULSE_MS).unref();
  pulses.set(client, pulse);
  return client;
}

/** Resolves when the first attempt to connect has succeeded or failed; never rejects. */
export function firstAttempt(client: Redis): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, CONNECT_MS);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    client.once('ready', done).once('close', done).once('end', done);
  });
}

/** Ends a connection; an impatient one first hears what it still waits for. Nothing reconnects. Never rejects. */
export async function closeRedis(client: Redis): Promise<void> {
  clearInterval(pulses.get(client));
  if (client.status === 'ready' && client.options.commandTimeout !== undefined)
    await client.quit().catch(() => undefined);
  client.disconnect();
}

/** Deletes every key of the namespace (`<namespace>:…`), after trials and tests. Rejects if Redis cannot be reached. */
export async function dropRedisNamespace(url: string, namespace: string): Promise<void> {
  const client = new Redis(url, { connectTimeout: CONNECT_MS, retryStrategy: () => null });
  client.on('error', () => undefined); // the commands tell of it
  try {
    let cursor = '0';
    do {
      const [next, keys] = await client.scan(cursor, 'MATCH', `${namespace}:*`, 'COUNT', 1_000);
      if (keys.length > 0) await client.unlink(keys);
      cursor = next;
    } while (cursor !== '0');
  } finally {
    client.disconnect();
  }
}
