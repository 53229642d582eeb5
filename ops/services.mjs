/**
 * Makes sure that the stores the tests need can be reached, at DATABASE_URL, REDIS_URL and RABBITMQ_URL or at their
 * default local ports. One that is missing at its default address is started: with docker compose where an engine runs,
 * else from the distribution's packages (Debian and Ubuntu, as root). What cannot be started is said in one line each.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const defaults = JSON.parse(readFileSync(join(root, 'tests/support/services.json'), 'utf8'));

const SERVICES = [
  { setting: 'DATABASE_URL', name: 'PostgreSQL', container: 'postgres', pkg: 'postgresql', probe: probePostgres },
  { setting: 'REDIS_URL', name: 'Redis', container: 'redis', pkg: 'redis-server', probe: probePort },
  { setting: 'RABBITMQ_URL', name: 'RabbitMQ', container: 'rabbitmq', pkg: 'rabbitmq-server', probe: probePort },
];
/** RabbitMQ on a small machine needs most of this. */
const START_SECONDS = 90;

/** undefined when it answers, else why not. */
async function probePostgres(url) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return undefined;
  } catch (error) {
    return error.code === 'ECONNREFUSED' ? 'nothing listens there' : `it refuses (${error.code ?? error.message})`;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function probePort(url) {
  const { hostname, port, protocol } = new URL(url);
  const fallback = { 'redis:': 6379, 'rediss:': 6379, 'amqp:': 5672, 'amqps:': 5671 }[protocol];
  return new Promise((resolve) => {
    const socket = createConnection({ host: hostname, port: Number(port) || fallback, timeout: 3_000 });
    const end = (reason) => {
      socket.destroy();
      resolve(reason);
    };
    socket.once('connect', () => end(undefined));
    socket.once('timeout', () => end('it does not answer'));
    socket.once('error', () => end('nothing listens there'));
  });
}

function run(command, ...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(command, args, { cwd: root, env, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
}

/** Gives undefined when told to start, else what to do instead. */
function startWithDocker(services) {
  const names = services.map((service) => service.container);
  const { status, stderr } = run('docker', 'compose', '-f', 'ops/services.compose.yml', 'up', '-d', ...names);
  return status === 0 ? undefined : `docker compose failed: ${stderr.trim().split('\n').at(-1)}`;
}

function startWithApt(services) {
  const missing = services.filter(({ pkg }) => run('dpkg', '-s', pkg).status !== 0).map(({ pkg }) => pkg);
  if (missing.length > 0) {
    run('apt-get', 'update', '-qq');
    const { status, stderr } = run('apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...missing);
    if (status !== 0) return `apt-get install failed: ${stderr.trim().split('\n').at(-1)}`;
  }
  for (const { pkg } of services) run('service', pkg, 'start');
  // A server of our own making has no password yet; the default URL names one.
  if (missing.includes('postgresql')) {
    run('su', 'postgres', '-c', `psql -qc "alter role postgres password 'postgres'"`);
  }
  return undefined;
}

function start(services) {
  if (run('docker', 'compose', 'version').status === 0 && run('docker', 'info').status === 0) {
    return startWithDocker(services);
  }
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) return startWithApt(services);
  return 'start it, or a container engine, or run this as root on Debian or Ubuntu';
}

async function missingOf(services) {
  const reasons = await Promise.all(services.map(({ probe, url }) => probe(url)));
  return services.map((service, index) => ({ ...service, reason: reasons[index] })).filter(({ reason }) => reason);
}

/**
 * Resolves with the URLs by setting's name, all answering; throws an Error with a line for each service that does not.
 * `config` is what readConfig() gave.
 */
export async function ensureServices(config) {
  const given = { DATABASE_URL: config.databaseUrl, REDIS_URL: config.redisUrl, RABBITMQ_URL: config.rabbitUrl };
  const services = SERVICES.map((service) => ({
    ...service,
    url: given[service.setting] ?? defaults[service.setting],
  }));
  let missing = await missingOf(services);
  const ours = missing.filter(({ setting, url }) => url === defaults[setting]);
  let advice = 'start it there, or change the setting';
  if (ours.length > 0) {
    console.log(`Starting ${ours.map(({ name }) => name).join(', ')}.`);
    const problem = start(ours);
    advice = problem ?? 'it was started but does not answer';
    for (
      const until = Date.now() + START_SECONDS * 1000;
      problem === undefined && Date.now() < until;
      await sleep(500)
    ) {
      missing = await missingOf(services);
      if (missing.length === 0) break;
    }
  }
  if (missing.length > 0) {
    throw new Error(
      missing.map(({ name, setting, reason }) => `${name} is needed (${setting}): ${reason}; ${advice}.`).join('\n'),
    );
  }
  return Object.fromEntries(services.map(({ setting, url }) => [setting, url]));
}
