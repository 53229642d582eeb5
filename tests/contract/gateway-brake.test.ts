/** The brake on guessing passwords as a client meets it: accounts behind a gateway whose Redis is away. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { systemClock } from '../../platform/clock';
import { readConfig } from '../../platform/config';
import type { Limiter } from '../../platform/limiter/limiter';
import { createRedisLimiter } from '../../platform/limiter/redis';
import { PROJECT_ROOT } from '../../platform/root';
import { PASSWORD, startAccounts, type AccountsUnderTest } from '../support/accounts';
import { startTestGateway, type TestGateway } from '../support/gateway';
import { closeSockets, RawSocket } from '../support/raw-socket';
import { startTcpProxy } from '../support/tcp-proxy';

let accounts: AccountsUnderTest;
let limiter: Limiter;
let shop: TestGateway;
beforeAll(async () => {
  accounts = await startAccounts();
  const redis = await startTcpProxy(Number(new URL(readConfig().redisUrl ?? 'redis://127.0.0.1:6379').port || 6379));
  const url = `redis://127.0.0.1:${redis.port}`;
  limiter = await createRedisLimiter({
    url,
    namespace: randomUUID(),
    clock: systemClock,
    log: pino({ level: 'silent' }),
  });
  await redis.cut();
  // So many that none of the attempts below is refused for its rate.
  const rate = { burst: 100_000, perHour: 100_000 };
  shop = await startTestGateway({
    supergraphSdl: readFileSync(join(PROJECT_ROOT, 'schema', 'supergraph.graphql'), 'utf8'),
    endpoints: { accounts: accounts.endpoint },
    limiter,
    config: { rates: { anonymous: rate, signedIn: rate, premium: rate, partner: rate } },
  });
});
afterAll(async () => {
  closeSockets();
  await shop.gateway.stop();
  await limiter.close();
  await accounts.stop();
});

const LOGIN = 'login(input: $input) { userErrors { code } }';
const QUERY = `mutation ($input: LoginInput!) { ${LOGIN} }`;
/** How many log-ins each of the seven ways tries, 10,080 in all: as many to a request, or a socket, as `AT_ONCE` says. */
const TRIES = 1_440;
const AT_ONCE = 20;
/** Requests, or sockets, of each way at the same time: of thousands that connect at once a busy machine resets some. */
const WAVE = 6;

const times = <T>(count: number, of: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => of(index));
/** The first code of an answer. */
const codeIn = (answer: unknown): string => /"code":"(\w+)"/.exec(JSON.stringify(answer))?.[1] ?? 'in';
const answer = async (body: unknown) => codeIn((await shop.post(body)).body);

/** Ways to try `AT_ONCE` passwords; each gives the codes of the answers. */
const WAYS: Record<string, (variables: Record<string, unknown>) => Promise<string[]>> = {
  aliases: async (variables) => {
    const aliased = times(AT_ONCE, (index) => `a${index}: ${LOGIN}`).join(' ');
    return [await answer({ query: `mutation ($input: LoginInput!) { ${aliased} }`, variables })];
  },
  fragments: async (variables) => {
    const fragments = times(AT_ONCE, (index) => `fragment F${index} on Mutation { a${index}: ${LOGIN} }`).join(' ');
    const spreads = times(AT_ONCE, (index) => `...F${index}`).join(' ');
    return [await answer({ query: `mutation ($input: LoginInput!) { ${spreads} } ${fragments}`, variables })];
  },
  operations: async (variables) => {
    const query = times(AT_ONCE, (index) => QUERY.replace('mutation', `mutation M${index}`)).join(' ');
    return [await answer({ query, variables, operationName: 'M0' })];
  },
  batch: async (variables) => [await answer(times(AT_ONCE, () => ({ query: QUERY, variables })))],
  connections: (variables) => Promise.all(times(AT_ONCE, () => answer({ query: QUERY, variables }))),
  socket: async (variables) => {
    const socket = await new RawSocket(shop).init();
    const aliased = times(AT_ONCE, (index) => `a${index}: ${LOGIN}`).join(' ');
    socket.subscribe(`mutation ($input: LoginInput!) { ${aliased} }`, variables, 'aliases');
    for (let turn = 0; turn < AT_ONCE; turn += 1) socket.subscribe(QUERY, variables, String(turn));
    const answers = (await socket.messages(1 + 2 * AT_ONCE)).filter(({ type }) => type !== 'complete');
    return answers.map(({ payload }) => codeIn(payload));
  },
};

/** How often each occurs. */
const counted = (codes: string[]): Record<string, number> =>
  Object.fromEntries([...new Set(codes)].map((code) => [code, codes.filter((other) => other === code).length]));

test('of 10,000 log-ins by aliases, batches, sockets and connections, with Redis down, five passwords are checked', async () => {
  const { email } = await accounts.person();
  const statements = jest.spyOn(accounts.services.db, 'rows');
  const checks = () => statements.mock.calls.filter(([sql]) => sql.includes('password_hash AS')).length;
  const variables = { input: { email, password: 'wrong' } };
  const rounds = TRIES / AT_ONCE;
  const tried = Object.entries(WAYS).map(async ([way, run]) => {
    const codes: string[] = [];
    for (let round = 0; round < rounds; round += WAVE)
      codes.push(...(await Promise.all(times(WAVE, () => run(variables)))).flat());
    return [way, counted(codes)] as const;
  });
  const { connections, socket, ...others } = Object.fromEntries(await Promise.all(tried));
  // Many in one document or body: refused whole, before anybody looks at a password.
  const whole = { INVALID_REQUEST: rounds };
  expect(others).toEqual({ aliases: whole, fragments: whole, operations: whole, batch: whole });
  const { UNAUTHENTICATED: overHttp = 0, ...httpRefusals } = { ...connections };
  const { UNAUTHENTICATED: overSockets = 0, ...socketRefusals } = { ...socket };
  expect([checks(), overHttp + overSockets]).toEqual([5, 5]);
  expect(httpRefusals).toEqual({ RATE_LIMIT_EXCEEDED: TRIES - overHttp });
  expect(socketRefusals).toEqual({ RATE_LIMIT_EXCEEDED: TRIES - overSockets, ...whole });

  const right = { query: QUERY, variables: { input: { email, password: PASSWORD } } };
  expect([await answer(right), checks()]).toEqual(['RATE_LIMIT_EXCEEDED', 5]);
  accounts.clock.advance(15 * 60_000);
  // Asked without the gateway, which would want a key of its own for the session.
  expect(codeIn(await accounts.run(QUERY, right.variables))).toBe('in');
}, 120_000);
