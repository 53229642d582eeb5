/** The accounts subgraph under test: people who register, their principals, and what stands in the database. */
import { randomUUID } from 'node:crypto';
import { register as metrics } from 'prom-client';
import { createAccessTokenVerifier } from '../../platform/auth/access-token';
import { requireUser } from '../../platform/auth/guard';
import { ANONYMOUS, type Role, type UserPrincipal } from '../../platform/auth/principal';
import type { EventEnvelope } from '../../platform/bus/bus';
import type { Clock } from '../../platform/clock';
import { accounts } from '../../subgraphs/accounts';
import { startSubgraph, type FakeCommands, type SubgraphUnderTest } from './subgraph';

/** Password of everybody. */
export const PASSWORD = 'a password for tests';

/** Somebody with an account and a session. */
export interface Person {
  email: string;
  /** Public id. */
  id: string;
  principal: UserPrincipal;
  refreshToken: string;
}

/** A clock that stands until it is moved. */
export class TestClock implements Clock {
  private time = new Date('2026-11-21T10:00:00.000Z').getTime();
  now(): Date {
    return new Date(this.time);
  }
  advance(ms: number): void {
    this.time += ms;
  }
}

/** Accounts under test. */
export interface AccountsUnderTest extends SubgraphUnderTest {
  clock: TestClock;
  /** Registers somebody; with a role, that is given by hand, and the principal has it. */
  person(role?: Role): Promise<Person>;
  /** The principal an access token stands for, as the gateway would read it. */
  principalOf(accessToken: string): Promise<UserPrincipal>;
  /** Delivers an event to every consumer of it, as the bus would. */
  deliver(event: EventEnvelope): Promise<void>;
  /** Delivers what is in the outbox and not delivered yet. */
  deliverOutbox(): Promise<void>;
  runJob(name: string): Promise<void>;
  /** Audit events in the outbox so far, as `action target`. */
  audited(): Promise<string[]>;
}

const REGISTER = `mutation ($input: RegisterInput!) {
  register(input: $input) { session { accessToken refreshToken } user { id } userErrors { code field } } }`;

/** Starts it. */
export async function startAccounts(
  options: { commands?: FakeCommands; settings?: Record<string, string> } = {},
): Promise<AccountsUnderTest> {
  const clock = new TestClock();
  const shop = await startSubgraph(accounts, { ...options, clock });
  const { consumers, jobs } = accounts.start(shop.services);
  const events = new Map(accounts.queues.map(({ queue, events: taken }) => [queue, new Set(taken)]));
  const delivered = new Set<string>();
  const principalOf = async (accessToken: string): Promise<UserPrincipal> => {
    const verifier = createAccessTokenVerifier(shop.services.accessTokens.publicJwks(), clock);
    return requireUser((await verifier.verify(accessToken)).principal);
  };
  const deliver = async (event: EventEnvelope): Promise<void> => {
    for (const { queue, handle } of consumers) if (events.get(queue)?.has(event.name)) await handle(event);
  };
  return {
    ...shop,
    clock,
    principalOf,
    deliver,
    async person(role) {
      const email = `Someone-${randomUUID()}@Example.com`;
      const { data } = await shop.run(REGISTER, { input: { email, password: PASSWORD } });
      const { session, user } = (data as { register: { session: Record<string, string>; user: { id: string } } })
        .register;
      const principal = await principalOf(session['accessToken']!);
      if (role) await shop.services.db.rows('UPDATE account SET role = $2 WHERE id = $1', [principal.id, role]);
      return {
        email,
        id: user.id,
        principal: { ...principal, role: role ?? 'CUSTOMER' },
        refreshToken: session['refreshToken']!,
      };
    },
    async deliverOutbox() {
      const rows = await shop.services.db.rows<EventEnvelope>(
        `SELECT id, name, version, aggregate_id AS "aggregateId", aggregate_version AS "aggregateVersion",
                to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS time, cause, payload
         FROM outbox ORDER BY position`,
      );
      for (const event of rows.filter(({ id }) => !delivered.has(id))) {
        delivered.add(event.id);
        await deliver(event);
      }
    },
    async runJob(name) {
      const job = jobs.find((one) => one.name === name);
      if (!job) throw new Error(`no job ${name}`);
      await job.run();
    },
    async audited() {
      const rows = await shop.services.db.rows<{ entry: string }>(
        `SELECT payload->>'action' || ' ' || (payload->>'target') AS entry FROM outbox WHERE name = 'audit.recorded' ORDER BY position`,
      );
      return rows.map(({ entry }) => entry);
    },
  };
}

/** Statements that requests have sent so far, of all subgraphs in this process. */
export async function requestStatements(): Promise<number> {
  const metric = await metrics.getSingleMetric('souk_db_statements_total')?.get();
  return (
    metric?.values.filter(({ labels }) => labels['source'] === 'request').reduce((sum, { value }) => sum + value, 0) ??
    0
  );
}

/** All that stands in the database, to be compared and searched: rows as text by table. */
export async function contents(shop: SubgraphUnderTest): Promise<Record<string, string[]>> {
  const tables = await shop.services.db.rows<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
  );
  const all: Record<string, string[]> = {};
  for (const { name } of tables) {
    const rows = await shop.services.db.rows<{ row: string }>(`SELECT t::text AS row FROM "${name}" AS t ORDER BY 1`);
    all[name] = rows.map(({ row }) => row);
  }
  return all;
}

/** Nobody. */
export const nobody = ANONYMOUS;
