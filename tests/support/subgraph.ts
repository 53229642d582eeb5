/** One subgraph alone on a real database of its own, with the others' answers given by the test. */
import { randomUUID } from 'node:crypto';
import { generateKeyPairSync } from 'node:crypto';
import { parse, print } from 'graphql';
import { pino } from 'pino';
import type { z } from 'zod';
import { createAccessTokenSigner } from '../../platform/auth/access-token';
import { ANONYMOUS, type Principal } from '../../platform/auth/principal';
import { createMemoryCache } from '../../platform/cache/memory';
import { systemClock, type Clock } from '../../platform/clock';
import { wireName, type Command, type CommandClient, type CommandMeta } from '../../platform/commands/command';
import { readConfig } from '../../platform/config';
import { Database } from '../../platform/db/database';
import { createDatabase, dropDatabase, migrate } from '../../platform/db/prepare';
import type { SubgraphEndpoint, SubgraphResult } from '../../platform/graph/endpoint';
import { localEndpoint } from '../../platform/graph/executor';
import { buildSubgraph } from '../../platform/graph/schema';
import type { Mail } from '../../platform/mail/mail';
import { createMemoryPubSub } from '../../platform/pubsub/memory';
import { createSealer, installSealer } from '../../platform/seal';
import type { Services, StartedSubgraph, Subgraph } from '../../platform/subgraph';

/** Answers commands to other subgraphs, by wire name (`catalog.priceVariants.v1`); JSON in, JSON out. */
export type FakeCommands = Record<string, (input: never, meta: CommandMeta) => unknown>;

/** A started subgraph and what a test needs of it. */
export interface SubgraphUnderTest {
  services: Services;
  /** Of its database. */
  url: string;
  /** Its jobs, consumers and commands, bound to the services. */
  started: StartedSubgraph;
  sdl: string;
  mails: Mail[];
  /** Its door, for a gateway before it. */
  endpoint: SubgraphEndpoint;
  run(
    query: string,
    variables?: Record<string, unknown>,
    principal?: Principal,
    clientAddress?: string,
  ): Promise<SubgraphResult>;
  /** Opens a subscription: the stream of its results, or the errors that refused it. */
  subscribe(
    query: string,
    variables?: Record<string, unknown>,
    principal?: Principal,
  ): Promise<SubgraphResult | AsyncIterableIterator<SubgraphResult>>;
  /** Sends it a command as another subgraph would. */
  command<I extends z.ZodType, O extends z.ZodType>(
    command: Command<I, O>,
    input: z.output<I>,
    options?: { principal?: Principal },
  ): Promise<z.output<O>>;
  stop(): Promise<void>;
}

/** A provider that is not there, for those who bring another. */
const NOBODY = { SANDBOX_URL: 'http://127.0.0.1:9', SANDBOX_WEBHOOK_SECRET: 'nobody signs anything with this secret' };

/** Starts it on a fresh database; `commands` stand in for the other subgraphs, `settings` are added to those of tests. */
export async function startSubgraph(
  subgraph: Subgraph,
  options: { commands?: FakeCommands; clock?: Clock; settings?: Record<string, string> } = {},
): Promise<SubgraphUnderTest> {
  const config = readConfig({ NODE_ENV: 'test', SOUK_LOG_LEVEL: 'silent', ...NOBODY, ...options.settings });
  const server = new URL(config.databaseUrl ?? 'postgres://postgres@127.0.0.1:5432');
  server.pathname = `/souk_test_${subgraph.name}_${randomUUID().slice(0, 8)}`;
  const url = server.toString();
  await createDatabase(url);
  await migrate(url, subgraph.migrations);
  const db = await Database.connect({
    subgraph: subgraph.name,
    url,
    entities: subgraph.entities,
    migrations: subgraph.migrations,
    // Many of these share a server that takes 100 connections.
    poolSize: 6,
  });
  const sealer = createSealer([{ version: 1, key: Buffer.alloc(32, 7) }]);
  installSealer(sealer);
  const mails: Mail[] = [];
  const log = pino({ level: 'silent' });
  const { privateKey } = generateKeyPairSync('ed25519');
  const services: Services = {
    subgraph: subgraph.name,
    config,
    clock: options.clock ?? systemClock,
    log,
    db,
    commands: fakeClient(options.commands ?? {}),
    cache: createMemoryCache({ maxEntries: 1_000 }),
    pubsub: createMemoryPubSub(),
    sealer,
    accessTokens: createAccessTokenSigner([{ kid: 'test', privateKey }]),
    mailer: { send: async (mail) => void mails.push(mail) },
  };
  const started = subgraph.start(services);
  const { sdl, schema } = await buildSubgraph(subgraph);
  const endpoint = localEndpoint({ schema, subgraph: started, log });
  return {
    services,
    url,
    started,
    sdl,
    mails,
    endpoint,
    run: (query, variables = {}, principal = ANONYMOUS, clientAddress) =>
      endpoint.execute({ query: print(parse(query)), variables, principal, requestId: randomUUID(), clientAddress }),
    subscribe: (query, variables = {}, principal = ANONYMOUS) =>
      endpoint.subscribe({ query: print(parse(query)), variables, principal, requestId: randomUUID() }),
    async command(command, input, meta = {}) {
      const json: unknown = JSON.parse(JSON.stringify(command.input.encode(input)));
      const output = await started.dispatch(wireName(command), json, {
        principal: meta.principal ?? { kind: 'service', name: 'test' },
        requestId: randomUUID(),
      });
      return command.output.parse(JSON.parse(JSON.stringify(output ?? null)));
    },
    async stop() {
      await db.close();
      await dropDatabase(url);
    },
  };
}

function fakeClient(fakes: FakeCommands): CommandClient {
  return {
    async send(command, input, meta) {
      const name = wireName(command);
      const fake = fakes[name];
      if (!fake) throw new Error(`the test has no answer for ${name}`);
      const answer = await fake(JSON.parse(JSON.stringify(command.input.encode(input))) as never, meta);
      return command.output.parse(JSON.parse(JSON.stringify(answer)));
    },
  };
}
