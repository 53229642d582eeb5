/** Secrets and personal data stand in clear in no log, message, error, key of Redis or column. */
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { SUBGRAPHS } from '../../platform/config';
import { eventually } from '../support/eventually';
import { consumerBindings } from '../../subgraphs';
import { startShop, type RunningShop } from '../support/start-shop';
import { startReceiver, type Receiver } from '../support/webhook-receiver';
import { Canaries } from './canaries';
import { Doors, SECRET } from './doors';
import { Evidence, type Written } from './evidence';
import { quietFingerprint } from './fingerprint';
import { journey } from './journey';

let shop: RunningShop;
let evidence: Evidence;
const log: string[] = [];
let receiver: Receiver;
/** What the shop itself signs and encrypts with. */
const secrets = {
  SOUK_INTERNAL_SECRETS: SECRET,
  SOUK_ENCRYPTION_KEYS: `1:${randomBytes(32).toString('base64')}`,
  SOUK_JWT_PRIVATE_KEYS: `canary:${generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64')}`,
  SANDBOX_WEBHOOK_SECRET: randomBytes(32).toString('base64url'),
}; // prettier-ignore

beforeAll(async () => {
  receiver = await startReceiver();
  // The first webhook fails and is tried again.
  receiver.answer = () => (receiver.received.length === 0 ? 500 : 204);
  const settings = { ...secrets, SOUK_LOG_LEVEL: 'debug', SOUK_RATE_LIMITS: 'on' };
  shop = await startShop('six', settings, (line) => void log.push(line));
  evidence = new Evidence(shop.databases.namespace, log);
  await evidence.gather(shop);
}, 120_000);
afterAll(async () => {
  await evidence.stop();
  await shop.stop();
  await receiver.stop();
}, 60_000);

/** Where which canary stands. */
function finds(canaries: Canaries, written: readonly Written[]): { kind: string; where: string; text: string }[] {
  return written.flatMap(({ where, text }) => canaries.in(text).map((kind) => ({ kind, where, text })));
}
/** Keys are listed behind a name or a version. */
const withoutName = (entry: string): string => entry.slice(entry.indexOf(':') + 1);
const numberOf = (written: readonly Written[], where: RegExp): number =>
  written.filter((one) => where.test(one.where)).length;

test('a canary of each kind is found nowhere', async () => {
  const doors = new Doors(shop);
  const { canaries, errors } = await journey(doors, receiver.url, (work) => evidence.refusing(work));
  for (const [name, value] of Object.entries(secrets)) canaries.keep(name, withoutName(value));
  await quietFingerprint(shop);
  await doors.close();

  const written = [...errors.map((text) => ({ where: 'error', text })), ...(await evidence.all())];
  const found = finds(canaries, written).map(({ kind, where, text }) => `${where}: ${kind} in ${text.slice(0, 300)}`);
  expect(found).toEqual([]);

  // It would be no proof if nothing had been written.
  const counts = {
    ...{ canaries: canaries.kinds.length, errors: errors.length, columns: await evidence.columns() },
    ...{ lines: numberOf(written, /^log/), messages: numberOf(written, /^message/) },
    ...{ commands: numberOf(written, /^redis command/), keys: numberOf(written, /^redis (?!command)/) },
    ...{ rows: numberOf(written, /^(?!once)[a-z]+ public/), versions: numberOf(written, /^once/) },
  };
  process.stdout.write(`searched ${JSON.stringify(counts)}\n`);
  expect(Object.entries(counts).filter(([, count]) => count === 0)).toEqual([]);
}, 300_000);

test('one that is planted is found, wherever that is', async () => {
  // Each kind is called by the place where it has to be found.
  const canaries = new Canaries();
  const { redis, broker, topology } = evidence;
  // Clients choose the ids of their requests, and logs and errors repeat them.
  const headers = { 'content-type': 'application/json', 'x-request-id': canaries.make('log') };
  const refused = await fetch(`${shop.url}/graphql`, { method: 'POST', headers, body: '{' });
  expect(canaries.in(await refused.text())).toEqual(canaries.kinds);

  const key = (name: string): string => `${shop.databases.namespace}:planted:${name}`;
  await redis.set(key(canaries.make('redis string')), 'value');
  await redis.set(key('string'), canaries.make('redis string'));
  await redis.hset(key('hash'), canaries.make('redis hash'), canaries.make('redis hash'));
  await redis.rpush(key('list'), 'first', canaries.make('redis list'));
  await redis.sadd(key('set'), canaries.make('redis set'));
  await redis.zadd(key('zset'), 1, canaries.make('redis zset'));
  await redis.xadd(key('stream'), '*', canaries.make('redis stream'), canaries.make('redis stream'));
  await redis.publish(key('channel'), canaries.make('redis command'));
  await redis.set(key('gone'), canaries.make('redis command'));
  await redis.del(key('gone'));

  const publisher = broker.createPublisher({ confirm: true });
  const event = { exchange: topology.events, routingKey: 'planted' };
  const dead = topology.dead(consumerBindings()[0]!.queue);
  await publisher.send(event, { text: canaries.make('message') });
  await publisher.send({ ...event, headers: { planted: canaries.make('message') } }, 'text');
  await publisher.send({ exchange: topology.retries[0], routingKey: dead }, Buffer.from(canaries.make('message')));
  await publisher.send({ exchange: '', routingKey: dead }, { text: canaries.make('dead letter') });
  await publisher.close();

  for (const name of SUBGRAPHS) {
    const client = evidence.database(name);
    await client.query('CREATE TABLE planted (plain text, document jsonb, bytes bytea, several text[])');
    await evidence.record(name, 'planted');
    const now = (): string => canaries.make(`${name} public.planted`);
    await client.query('INSERT INTO planted VALUES ($1, $2, $3, $4)', [now(), { a: [now()] }, Buffer.from(now()), ['', now()]]); // prettier-ignore
    await client.query('INSERT INTO planted (plain) VALUES ($1)', [canaries.make(`once ${name} planted`)]);
    await client.query('DELETE FROM planted WHERE document IS NULL');
  }

  await eventually(async () => {
    const found = finds(canaries, await evidence.all()).filter(({ kind, where }) => kind.startsWith(where));
    expect([...new Set(found.map(({ kind }) => kind))].toSorted()).toEqual(canaries.kinds.toSorted());
  });
}, 60_000);

test.each([
  ['itself', (value: string) => value],
  ['capitals', (value: string) => value.toUpperCase()],
  ['a part of an address', (value: string) => value.replace('@canary.example', '')],
  ['percent-encoded', (value: string) => encodeURIComponent(value)],
  ['hexadecimal', (value: string) => Buffer.from(value).toString('hex')],
  ['JSON in JSON', (value: string) => JSON.stringify(JSON.stringify({ value }))],
  ['base64', (value: string) => Buffer.from(value).toString('base64')],
  ['base64, one byte further', (value: string) => Buffer.from(`1${value}`).toString('base64')],
  ['base64, two bytes further', (value: string) => Buffer.from(`12${value} and more`).toString('base64')],
  ['base64url', (value: string) => Buffer.from(`1234${value}`).toString('base64url')],
])('it is found as %s', (_form, written) => {
  const canaries = new Canaries();
  const values = [
    canaries.make('e-mail', '', '@canary.example'),
    canaries.phone(),
    canaries.keep('token', randomUUID()),
  ];
  expect(values.map((value) => canaries.in(`… ${written(value)} …`))).toEqual(canaries.kinds.map((kind) => [kind]));
});
