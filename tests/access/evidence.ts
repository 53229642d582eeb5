/** Everything a shop of six processes writes down while it runs: logs, messages, what Redis is told and holds, rows of all databases. */
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { Connection, type Consumer } from 'rabbitmq-client';
import { DEFAULT_RETRY } from '../../platform/bus/retry';
import { Topology } from '../../platform/bus/topology';
import { readConfig, SUBGRAPHS, type SubgraphName } from '../../platform/config';
import { databaseUrl } from '../../platform/db/prepare';
import { consumerBindings } from '../../subgraphs';
import type { RunningShop } from '../support/start-shop';
import { monitorRedis } from './redis-monitor';

/** Something that was written, and where. */
export interface Written {
  where: string;
  text: string;
}

/**
 * Copies each row as it is written, into a schema that the shop knows nothing of: what stood in a column for a moment only was
 * in clear all the same.
 */
const RECORDER = `
  CREATE SCHEMA canary;
  CREATE TABLE canary.written (source text NOT NULL, line text NOT NULL);
  CREATE FUNCTION canary.record() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO canary.written VALUES (TG_TABLE_NAME, NEW::text); RETURN NULL; END $$`;
/** Tables of the shop, partitions by their own names. */
const TABLES = `
  SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
  WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'canary') ORDER BY 1`;

/** Of their refusals a driver tells much: the row, the statement, its parameters. */
const REFUSING: readonly [SubgraphName, string][] = [
  ['accounts', 'account'],
  ['accounts', 'address'],
  ['accounts', 'api_client'],
  ['cart', 'cart'],
  ['orders', 'webhook_endpoint'],
  ['payments', 'payment_method'],
];

/** How a value of each type of Redis is read. */
const READ: Record<string, (redis: Redis, key: string) => Promise<unknown>> = {
  string: (redis, key) => redis.get(key),
  hash: (redis, key) => redis.hgetall(key),
  list: (redis, key) => redis.lrange(key, 0, -1),
  set: (redis, key) => redis.smembers(key),
  zset: (redis, key) => redis.zrange(key, '-inf', '+inf', 'BYSCORE'),
  stream: (redis, key) => redis.xrange(key, '-', '+'),
};

/** The evidence of one shop, from the moment of {@link Evidence.gather}. */
export class Evidence {
  readonly broker: Connection;
  readonly redis: Redis;
  readonly topology: Topology;
  private readonly redisUrl = readConfig().redisUrl ?? 'redis://127.0.0.1:6379';
  private readonly sent: Written[] = [];
  private readonly databases = new Map<SubgraphName, Client>();
  private consumer?: Consumer;
  private stopMonitor?: () => void;

  /** `log`: lines of all processes, as they are read. */
  constructor(
    private readonly namespace: string,
    private readonly log: readonly string[],
  ) {
    const { rabbitUrl } = readConfig();
    this.broker = new Connection(rabbitUrl);
    this.redis = new Redis(this.redisUrl);
    this.topology = new Topology(namespace, DEFAULT_RETRY);
  }

  /** Begins to record what is on its way. */
  async gather({ databases: { server } }: RunningShop): Promise<void> {
    const { topology, namespace, sent } = this;
    const queueBindings = [topology.events, ...topology.retries].map((exchange) => ({ exchange, routingKey: '#' }));
    this.consumer = this.broker.createConsumer(
      { queue: `${namespace}.canary`, queueOptions: { exclusive: true }, queueBindings },
      async (message) => void sent.push({ where: 'message', text: textOf(message) }),
    );
    // Commands of all clients, also those of scripts: values that were forgotten since, and messages of pub/sub.
    this.stopMonitor = await monitorRedis(this.redisUrl, (words) => {
      if (words.some((word) => word.includes(namespace))) sent.push({ where: 'redis command', text: words.join(' ') });
    });
    for (const name of SUBGRAPHS) {
      const client = new Client({ connectionString: databaseUrl(server, namespace, name) });
      await client.connect();
      this.databases.set(name, client);
      await client.query(RECORDER);
      for (const table of await tablesOf(client)) await this.record(name, table);
    }
  }

  /** Records the rows of a table. */
  async record(name: SubgraphName, table: string): Promise<void> {
    await this.database(name).query(
      `CREATE TRIGGER canary AFTER INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION canary.record()`,
    );
  }

  /** The connection to a database. */
  database(name: SubgraphName): Client {
    const client = this.databases.get(name);
    if (!client) throw new Error('Nothing is gathered yet.');
    return client;
  }

  /** All of it, up to now. */
  async all(): Promise<Written[]> {
    const lines = this.log.map((text) => ({ where: 'log', text }));
    const rows = await Promise.all([...this.databases].map(([name, client]) => rowsOf(name, client)));
    return [...lines, ...this.sent, ...(await this.deadLetters()), ...(await this.keys()), ...rows.flat()];
  }

  /** Does the work while these tables refuse every row. */
  async refusing(work: () => Promise<void>): Promise<void> {
    for (const [name, table] of REFUSING)
      await this.database(name).query(`ALTER TABLE ${table} ADD CONSTRAINT refused CHECK (false) NOT VALID`);
    await work();
    for (const [name, table] of REFUSING)
      await this.database(name).query(`ALTER TABLE ${table} DROP CONSTRAINT refused`);
  }

  /** Columns there are. */
  async columns(): Promise<number> {
    const sql = `SELECT 1 FROM information_schema.columns WHERE table_schema = 'public'`;
    const counts = await Promise.all([...this.databases.values()].map((client) => client.query(sql)));
    return counts.reduce((sum, { rows }) => sum + rows.length, 0);
  }

  async stop(): Promise<void> {
    await this.consumer?.close();
    await this.broker.close();
    this.stopMonitor?.();
    this.redis.disconnect();
    for (const client of this.databases.values()) await client.end();
  }

  /** They go back when the channel is closed. */
  private async deadLetters(): Promise<Written[]> {
    const letters: Written[] = [];
    const channel = await this.broker.acquire();
    for (const { queue } of consumerBindings()) {
      const next = (): ReturnType<typeof channel.basicGet> => channel.basicGet(this.topology.dead(queue));
      for (let letter = await next(); letter; letter = await next())
        letters.push({ where: 'dead letter', text: textOf(letter) });
    }
    await channel.close();
    return letters;
  }

  private async keys(): Promise<Written[]> {
    const keys: Written[] = [];
    let cursor = '0';
    do {
      const [next, names] = await this.redis.scan(cursor, 'MATCH', `${this.namespace}:*`, 'COUNT', 1_000);
      for (const name of names) {
        const type = await this.redis.type(name);
        const read = READ[type];
        // One of none has run out since.
        if (!read && type !== 'none') throw new Error(`Say in tests/access/evidence.ts how a ${type} is read.`);
        keys.push({ where: `redis ${type}`, text: `${name} ${JSON.stringify(await read?.(this.redis, name))}` });
      }
      cursor = next;
    } while (cursor !== '0');
    return keys;
  }
}

async function tablesOf(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(TABLES);
  return rows.map(({ name }) => name);
}

async function rowsOf(name: SubgraphName, client: Client): Promise<Written[]> {
  const written: Written[] = [];
  for (const table of await tablesOf(client)) {
    const { rows } = await client.query<{ text: string }>(`SELECT t::text AS text FROM ${table} t`);
    written.push(...rows.map(({ text }) => ({ where: `${name} ${table}`, text })));
  }
  const { rows } = await client.query<{ where: string; text: string }>(
    `SELECT 'once ${name} ' || source AS where, line AS text FROM canary.written`,
  );
  return [...written, ...rows];
}

/** A message with its properties and headers. */
function textOf({ body, ...rest }: { body?: unknown }): string {
  return `${JSON.stringify(rest)} ${Buffer.isBuffer(body) ? body.toString('latin1') : JSON.stringify(body)}`;
}
