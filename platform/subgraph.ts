/** What a subgraph is made of, and what it is given. The registry (subgraphs/index.ts) lists five of these. */
import DataLoader from 'dataloader';
import type { MixedList } from 'typeorm';
import type { AccessTokenSigner } from './auth/access-token';
import type { Principal } from './auth/principal';
import type { QueueBinding, MessageHandler } from './bus/bus';
import type { Cache } from './cache/cache';
import type { Clock } from './clock';
import type { CommandClient, CommandHandler } from './commands/command';
import type { Config, SubgraphName } from './config';
import type { Database } from './db/database';
import type { Log } from './log';
import type { Mailer } from './mail/mail';
import type { PubSub } from './pubsub/pubsub';
import type { Sealer } from './seal';

/** What every subgraph is given by the composition root. */
export interface Services {
  subgraph: SubgraphName;
  config: Config;
  clock: Clock;
  log: Log;
  db: Database;
  /** Sends commands to other subgraphs. */
  commands: CommandClient;
  cache: Cache;
  pubsub: PubSub;
  /** Encrypts personal data. */
  sealer: Sealer;
  accessTokens: AccessTokenSigner;
  mailer: Mailer;
}

/** Context of a GraphQL operation inside a subgraph; one object for each operation. */
export interface GraphContext<S extends Services = Services> {
  services: S;
  /** Who asks. Changes within an operation only through {@link GraphContext.become}. */
  principal: Principal;
  requestId: string;
  /** Network address of the client: to count by, never to store or log in clear. */
  clientAddress?: string;
  /** The rest of the operation runs as this principal, here and in the other subgraphs. */
  become(principal: Principal, accessToken: string): void;
}

/** Resolves an entity by key. Null: does not exist, or may not be seen. `id` is the public id as the client gave it. */
export type ReferenceResolver<S extends Services> = (id: string, context: GraphContext<S>) => Promise<object | null>;

/** Background work. */
export interface Job<S> {
  name: string;
  /** Milliseconds between the end of one run and the start of the next. */
  everyMs: number;
  /** Does what is due. May run in several processes at once: rows are taken with leases or SKIP LOCKED. */
  run(services: S): Promise<void>;
}

/** A queue of this subgraph: which events it takes and what is done with each, once. */
export interface QueueConsumer<S> extends QueueBinding {
  /** Binds the handler to the services; it decodes, deduplicates by inbox and applies. */
  handler(services: S): MessageHandler;
}

/** A subgraph's table of contents. `S` is Services, or Services with what only this subgraph has. */
export interface SubgraphDefinition<S extends Services> {
  name: SubgraphName;
  entities: MixedList<Function>;
  migrations: MixedList<Function>;
  resolvers: [Function, ...Function[]];
  /** Classes of foreign entities it adds fields to but has no field of: only their references lead to them. */
  contributesTo?: Function[];
  /** By entity type name, e.g. `{ Product: … }`. */
  references: Record<string, ReferenceResolver<S>>;
  commands: CommandHandler<S>[];
  consumers: QueueConsumer<S>[];
  jobs: Job<S>[];
  /** Adds what only this subgraph has. */
  extend(services: Services): S;
}

/** A subgraph as the composition root handles it: the same, with its services bound when it starts. */
export interface Subgraph {
  name: SubgraphName;
  entities: MixedList<Function>;
  migrations: MixedList<Function>;
  resolvers: [Function, ...Function[]];
  contributesTo: Function[];
  /** Names of the types it resolves by reference, for building its schema. */
  references: Record<string, ReferenceResolver<never>>;
  queues: QueueBinding[];
  start(services: Services): StartedSubgraph;
}

/** A subgraph with its services. */
export interface StartedSubgraph {
  /** Context for one operation. */
  context(request: Omit<GraphContext, 'services'>): GraphContext;
  /** Runs a command by its wire name; null when there is none of that name. */
  commandNames: ReadonlySet<string>;
  dispatch(name: string, input: unknown, meta: Parameters<CommandHandler<never>['handle']>[2]): Promise<unknown>;
  consumers: { queue: string; handle: MessageHandler }[];
  jobs: { name: string; everyMs: number; run(): Promise<void> }[];
}

/** Declares a subgraph. */
export function defineSubgraph<S extends Services>(definition: SubgraphDefinition<S>): Subgraph {
  const { name, entities, migrations, resolvers, references, contributesTo = [] } = definition;
  const handlers = new Map(definition.commands.map((handler) => [handler.name, handler]));
  return {
    name,
    entities,
    migrations,
    resolvers,
    contributesTo,
    references,
    queues: definition.consumers.map(({ queue, events }) => ({ queue, events })),
    start(base) {
      const services = definition.extend(base);
      return {
        context: (request) => Object.assign(request, { services }),
        commandNames: new Set(handlers.keys()),
        dispatch: async (command, input, meta) => {
          const handler = handlers.get(command);
          if (!handler) throw new Error(`${name} has no command ${command}`);
          return handler.handle(services, input, meta);
        },
        consumers: definition.consumers.map((consumer) => ({
          queue: consumer.queue,
          handle: consumer.handler(services),
        })),
        jobs: definition.jobs.map((job) => ({ name: job.name, everyMs: job.everyMs, run: () => job.run(services) })),
      };
    },
  };
}

/**
 * A loader of each operation: `const productById = defineLoader((ids, context) => …)`, then `productById(context).load(id)`.
 * Values come in the order of the keys; what is not found is null.
 */
export function defineLoader<S extends Services, Key, Value>(
  batch: (keys: readonly Key[], context: GraphContext<S>) => Promise<readonly (Value | Error)[]>,
): (context: GraphContext<S>) => DataLoader<Key, Value> {
  const loaders = new WeakMap<object, DataLoader<Key, Value>>();
  return (context) => {
    const existing = loaders.get(context);
    if (existing) return existing;
    const loader = new DataLoader<Key, Value>((keys) => batch(keys, context), { maxBatchSize: 1_000 });
    loaders.set(context, loader);
    return loader;
  };
}
