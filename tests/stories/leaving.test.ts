/** A client that hangs up before its answer: what was being read for it stops, down to the database. */
import { request } from 'node:http';
import { Client } from 'pg';
import { databaseUrl } from '../../platform/db/prepare';
import * as documents from '../generated/graphql';
import { eventually } from '../support/eventually';
import { productFor, shopDatabases, Visitor } from '../support/shop';

/** A statement ends by itself 10 s after it began; what is shown here has to come first. */
const BEFORE_ITS_LIMIT_MS = 8_000;

/** Holds what was bought together, so that its readers wait; and looks on. */
let holder: Client;
let onlooker: Client;
let productId: string;
beforeAll(async () => {
  const { server, namespace } = shopDatabases();
  const connectionString = databaseUrl(server, namespace, 'catalog');
  [holder, onlooker] = [new Client({ connectionString }), new Client({ connectionString })];
  await Promise.all([holder.connect(), onlooker.connect()]);
  ({ id: productId } = (await productFor({})).product);
});
afterAll(() => Promise.all([holder.end(), onlooker.end()]));
beforeEach(() => holder.query('BEGIN; LOCK TABLE bought_together IN ACCESS EXCLUSIVE MODE'));
afterEach(() => holder.query('ROLLBACK'));

/** Statements that wait for the holder. */
async function waiting(): Promise<number> {
  const { rows } = await onlooker.query(
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
     AND query LIKE 'SELECT asked.id AS bought%'`,
  );
  return rows.length;
}

/** Asks by a connection of its own; hangs up when told. */
function asks(): { answer: Promise<string>; hangUp: () => void } {
  const body = JSON.stringify({ query: documents.AlsoBoughtDocument.toString(), variables: { id: productId } });
  const headers = { 'content-type': 'application/json' };
  const sent = request(`${new Visitor().url}/graphql`, { method: 'POST', headers, agent: false });
  const answer = new Promise<string>((resolve) => {
    sent.on('error', () => resolve('none'));
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', () => resolve(String(Buffer.concat(chunks))));
    });
  });
  sent.end(body);
  return { answer, hangUp: () => sent.destroy() };
}

test('over HTTP, hanging up ends the statement', async () => {
  const { answer, hangUp } = asks();
  await eventually(async () => expect(await waiting()).toBe(1));
  hangUp();
  await eventually(async () => expect(await waiting()).toBe(0), BEFORE_ITS_LIMIT_MS);
  expect(await answer).toBe('none');
});

test('one who asks the same and stays is answered', async () => {
  const leaves = asks();
  await eventually(async () => expect(await waiting()).toBe(1));
  const stays = asks();
  leaves.hangUp();
  await leaves.answer;
  await holder.query('ROLLBACK');
  expect(JSON.parse(await stays.answer)).toMatchObject({ data: { product: { alsoBought: [] } } });
});

test('over a socket, completing the operation ends the statement', async () => {
  const socket = new Visitor().socket();
  const operation = socket.iterate({ query: documents.AlsoBoughtDocument.toString(), variables: { id: productId } });
  const answer = operation.next();
  await eventually(async () => expect(await waiting()).toBe(1));
  await operation.return?.();
  await eventually(async () => expect(await waiting()).toBe(0), BEFORE_ITS_LIMIT_MS);
  expect(await answer).toEqual({ done: true, value: undefined });
  await socket.dispose();
});
