/** `npm start` as a newcomer and an operator meet it: a shop with nothing but Node, its own PostgreSQL, and how it ends. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { childEnvironment } from '../../platform/config';
import { freePort } from '../../platform/free-port';
import { PROJECT_ROOT } from '../../platform/root';
import * as documents from '../generated/graphql';
import { eventually } from '../support/eventually';
import { customer, must, productFor, Visitor } from '../support/shop';

/** What RUNNING promises for the end of everything, in ms. */
const END_MS = 10_000;

const MISSING = ['DATABASE_URL', 'REDIS_URL', 'RABBITMQ_URL']
  .map((name) => `  ${name}: required when the parts run as separate processes\n`)
  .join('');

let dataDir: string;
let port: number;
const running = new Set<Program>();

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'souk-start-'));
  // Open to the user as whom PostgreSQL runs when this runs as root: its data would lie elsewhere otherwise, and stay.
  await chmod(dataDir, 0o755);
  port = await freePort();
});
afterAll(async () => {
  // Not by force: a shop that a failed test left must end its PostgreSQL.
  await Promise.all([...running].map((program) => (program.child.kill('SIGTERM'), program.ended())));
  await rm(dataDir, { recursive: true, force: true });
});

/** A program of the shop's, and all it has said. */
interface Program {
  child: ChildProcess;
  said: { stdout: string; stderr: string };
  /** Exit code and the ms it took from now. */
  ended(): Promise<{ code: number | null; ms: number }>;
}

/** Runs a program of dist/ with nothing configured but where it keeps its things. */
function run(args: string[], env: Record<string, string> = {}): Program {
  const child = spawn(process.execPath, args, {
    cwd: PROJECT_ROOT,
    env: childEnvironment({
      NODE_ENV: '',
      DATABASE_URL: '',
      REDIS_URL: '',
      RABBITMQ_URL: '',
      DATA_DIR: dataDir,
      PORT: String(port),
      ...env,
    }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const program: Program = {
    child,
    said,
    async ended() {
      const begun = performance.now();
      const code = await closed;
      running.delete(program);
      return { code, ms: performance.now() - begun };
    },
  };
  running.add(program);
  return program;
}

/** Starts the shop; resolves with it when it has said that it is open. */
async function open(): Promise<Program> {
  const shop = run(['dist/main.js']);
  await eventually(() => {
    if (shop.child.exitCode !== null) throw new Error(shop.said.stderr);
    expect(shop.said.stdout).toContain('Souk is open.');
  }, 60_000);
  return shop;
}

/** Processes that work below DATA_DIR: the embedded server, while there is one. */
const servers = (): string => spawnSync('pgrep', ['-f', '--', `-D ${dataDir}`], { encoding: 'utf8' }).stdout;

const url = (): string => `http://127.0.0.1:${port}`;

async function close(shop: Program, signal: NodeJS.Signals): Promise<void> {
  shop.child.kill(signal);
  const { code, ms } = await shop.ended();
  expect([code, servers(), shop.said.stderr]).toEqual([0, '', '']);
  expect(ms).toBeLessThan(END_MS);
}

test('the first start says all a newcomer needs, a session outlives a restart and a kill, and nothing is left behind', async () => {
  const first = await open();
  expect(servers()).not.toBe('');
  const pasted = /curl [\s\S]*?'\n\n/.exec(first.said.stdout)?.[0] ?? '';
  const answer = spawnSync('sh', ['-c', pasted], { encoding: 'utf8' });
  expect(JSON.parse(answer.stdout)).toMatchObject({ data: { products: { nodes: [{}, {}, {}] } } });
  for (const account of first.said.stdout.match(/\w+@souk\.example/g) ?? []) {
    await new Visitor(url()).login(account, 'souk-demo-password');
  }
  expect((await fetch(`${url()}/dev/mailbox`)).status).toBe(200);
  const ada = await customer(url());
  const { variantId } = await productFor({}, url());
  const order = await ada.buys(variantId, 1, { payment: { token: 'tok_3ds' } });
  const page = must(order.nextAction, 'the sandbox asks for the buyer').url;
  expect((await fetch(page)).status).toBe(200);
  await close(first, 'SIGINT');
  await expect(fetch(page)).rejects.toThrow();

  const second = await open();
  expect((await ada.get(documents.MeDocument, {})).me).toMatchObject({ email: ada.email });
  expect((await fetch(page)).status).toBe(200);
  second.child.kill('SIGKILL');
  await second.ended();
  // The provider goes with the shop that started it, and the next one brings it back with all it knew, at the same address.
  await eventually(() => expect(fetch(page)).rejects.toThrow());

  const third = await open();
  expect((await ada.get(documents.MeDocument, {})).me).toMatchObject({ email: ada.email });
  await fetch(page, { method: 'POST', body: new URLSearchParams({ approve: 'true' }) });
  await eventually(async () => expect(await ada.order(order.id)).toMatchObject({ status: 'CONFIRMED' }));
  await close(third, 'SIGTERM');
}, 120_000);

describe('beside a shop', () => {
  let shop: Program;
  beforeAll(async () => {
    shop = await open();
  }, 60_000);
  afterAll(() => close(shop, 'SIGTERM'));

  test('another one with its DATA_DIR is told so in one line and ends', async () => {
    const other = run(['dist/main.js'], { PORT: String(await freePort()) });
    expect((await other.ended()).code).toBe(1);
    expect(other.said.stderr).toBe(
      `DATA_DIR ${dataDir} is in use by another shop (pid ${shop.child.pid}): stop that one, or set another DATA_DIR.\n`,
    );
  });

  test('an operator command uses its PostgreSQL and leaves it running', async () => {
    const command = run(['dist/ops/migrate.js']);
    expect((await command.ended()).code).toBe(0);
    expect(command.said.stdout).toMatch(/^accounts {2}applied: nothing\n/);
    expect((await fetch(`${url()}/health/live`)).status).toBe(200);
  });
});

describe('what can be mended is one line, before anything is started', () => {
  let taken: Server;
  beforeAll(async () => {
    taken = createServer();
    await new Promise<void>((resolve) => taken.listen({ port, host: '127.0.0.1' }, resolve));
  });
  afterAll(async () => {
    await new Promise((resolve) => taken.close(resolve));
  });

  test.each<[string, string[], Record<string, string>, () => string]>([
    ['a port taken', [], {}, () => `Port ${port} is taken. Choose another one with PORT.\n`],
    [
      'a database server that is not there',
      [],
      { DATABASE_URL: 'postgres://127.0.0.1:1', PORT: '65535' },
      () => 'PostgreSQL at 127.0.0.1:1 cannot be reached (ECONNREFUSED): look at DATABASE_URL.\n',
    ],
    [
      'a part that does not exist',
      ['nonsense'],
      {},
      () => 'Say which part to start, one of: gateway, accounts, catalog, cart, orders, payments.\n',
    ],
    ['a subgraph without the stores it shares', ['orders'], {}, () => `The settings are not valid:\n${MISSING}`],
    [
      'payments without its provider as well',
      ['payments'],
      {},
      () => `The settings are not valid:\n${MISSING}  SANDBOX_URL: required when the parts run as separate processes\n`,
    ],
  ])('%s', async (_, args, env, expected) => {
    const program = run(['dist/main.js', ...args], env);
    expect((await program.ended()).code).toBe(1);
    expect([program.said.stderr, program.said.stdout, servers()]).toEqual([expected(), '', '']);
  });
});
