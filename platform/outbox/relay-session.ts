/** The relay's own connection: hears of new events, and holds the lock that makes one relay of a database the active one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { Log } from '../log';
import { OUTBOX_CHANNEL } from './outbox-migration';

/** Key of the lock; any number that nothing else in these databases uses. The lock is per database. */
const RELAY_LOCK = 7_605_104;

/** A session that reconnects whenever it is asked for the lead. */
export class RelaySession {
  private client?: Client;
  private leading = false;
  private broken = false;

  constructor(
    private readonly url: string,
    private readonly log: Log,
    /** Called on each new event, and when the connection is lost. */
    private readonly onWake: () => void,
  ) {}

  /**
   * Connects if need be, tries for the lock, and makes sure the connection lives. Gives whether this is the active relay; if the
   * connection dies afterwards another may become active too: both then publish the same, which consumers are used to.
   */
  async lead(): Promise<boolean> {
    try {
      this.client ??= await this.connect();
      if (this.leading) {
        await this.client.query('SELECT 1');
      } else {
        const { rows } = await this.client.query<{ won: boolean }>('SELECT pg_try_advisory_lock($1) AS won', [
          RELAY_LOCK,
        ]);
        this.leading = rows[0]?.won ?? false;
      }
      if (this.broken) this.log.info('outbox relay: database is back');
      this.broken = false;
    } catch (error) {
      if (!this.broken) this.log.warn({ err: error }, 'outbox relay: database not reachable, trying again');
      this.broken = true;
      await this.drop();
    }
    return this.leading;
  }

  /** Lets another relay be active, for when this one cannot reach the bus. */
  async yield(): Promise<void> {
    if (!this.leading) return;
    this.leading = false;
    await this.client?.query('SELECT pg_advisory_unlock($1)', [RELAY_LOCK]).catch(() => this.drop());
  }

  /** Ends the connection, and with it the lock. */
  async drop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    this.leading = false;
    // A server that no longer answers must not hold up the loop.
    if (client) await Promise.race([client.end().catch(() => undefined), sleep(1_000, undefined, { ref: false })]);
  }

  private async connect(): Promise<Client> {
    const client = new Client({
      connectionString: this.url,
      application_name: 'souk-outbox-relay',
      connectionTimeoutMillis: 3_000,
      query_timeout: 5_000,
      keepAlive: true,
    });
    client.on('notification', this.onWake);
    client.on('error', () => undefined); // 'end' follows; without a listener the process would end
    client.on('end', () => {
      if (this.client !== client) return;
      this.client = undefined;
      this.leading = false;
      this.onWake();
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${OUTBOX_CHANNEL}`);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    return client;
  }
}
