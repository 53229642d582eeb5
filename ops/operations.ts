/** `npm run operations -- …`: publishes, lists and switches persisted operations (docs/persisted-operations.md). */
import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { openAdapters } from '../platform/adapters';
import { readConfig, type Config } from '../platform/config';
import { Database, sqlState } from '../platform/db/database';
import { Fault } from '../platform/errors';
import { Lifecycle } from '../platform/lifecycle';
import { createLog } from '../platform/log';
import { runCommand, StartProblem } from '../platform/start-problem';
import { SUBGRAPH_DEFINITIONS } from '../subgraphs';
import { setSafelist } from '../subgraphs/accounts/operations/manage-client';
import type { RegistryServices } from '../subgraphs/accounts/operations/registry';
import { retireOperation } from '../subgraphs/accounts/operations/retire-operation';
import { setOperationBudget, switchOperation } from '../subgraphs/accounts/operations/switch-operation';
import { budgetOf, check, done, isOn, link, list, publish, uses } from './operations/commands';

const USAGE = `Usage: npm run operations -- COMMAND
  publish FILE --client NAME          publishes a manifest for an application
  list [--client NAME]                what is published, and how often it was used
  retire ID [--client NAME]           takes an operation from an application, or from all
  uses Type.field                     which operations use a field; exits with 1 if there are any
  check                               holds all to schema and limits of this version; exits with 1 if one breaks
  kill ID, revive ID                  switches an operation off for everybody, and on again
  budget ID N|none                    how often an operation may run in a minute
  link NAME api_…|none                which API client the application is
  safelist NAME on|off                whether its API client may run registered operations only`;

/** What stands behind the command's name. */
interface Words {
  subject: string;
  value: string;
  client: string;
}
interface Command {
  /** How many words it takes, its name included. */
  length: 1 | 2 | 3;
  /** Whether it takes an application: it must, it can, it cannot. */
  client?: 'required' | 'optional';
  run(services: RegistryServices, words: Words, config: Config): Promise<void>;
}

const COMMANDS: Record<string, Command> = {
  publish: {
    length: 2,
    client: 'required',
    run: (services, { subject, client }, config) => publish(services, config, subject, client),
  },
  list: { length: 1, client: 'optional', run: (services, { client }) => list(services, client || undefined) },
  retire: {
    length: 2,
    client: 'optional',
    run: (services, { subject, client }) => retireOperation(services, subject, client || null).then(done),
  },
  uses: { length: 2, run: (services, { subject }) => uses(services, subject) },
  check: { length: 1, run: (services, _words, config) => check(services, config) },
  kill: { length: 2, run: (services, { subject }) => switchOperation(services, subject, false).then(done) },
  revive: { length: 2, run: (services, { subject }) => switchOperation(services, subject, true).then(done) },
  budget: {
    length: 3,
    run: (services, { subject, value }) => setOperationBudget(services, subject, budgetOf(value)).then(done),
  },
  link: {
    length: 3,
    run: (services, { subject, value }, config) => link(services, config, subject, value),
  },
  safelist: {
    length: 3,
    run: (services, { subject, value }) => setSafelist(services, subject, isOn(value)).then(done),
  },
};

async function main(): Promise<void> {
  const { command, words } = readArguments();
  const config = readConfig();
  const log = createLog({ level: 'error', name: 'operations' });
  const lifecycle = new Lifecycle(log);
  try {
    const adapters = await openAdapters(config, log, lifecycle, 'command');
    const { entities, migrations } = SUBGRAPH_DEFINITIONS.accounts;
    const url = await adapters.databaseOf('accounts');
    const db = await Database.connect({ subgraph: 'accounts', url, entities, migrations, poolSize: 1 });
    lifecycle.onStop('database', () => db.close());
    const { clock, pubsub } = adapters;
    await command.run({ db, clock, pubsub }, words, config);
  } catch (error) {
    throw explained(error);
  } finally {
    await lifecycle.stop();
  }
}

/** Throws StartProblem with the usage if that is no command. */
function readArguments(): { command: Command; words: Words } {
  try {
    const { positionals, values } = parseArgs({ allowPositionals: true, options: { client: { type: 'string' } } });
    const [name = '', subject = '', value = ''] = positionals;
    const client = values.client ?? '';
    const command = new Map(Object.entries(COMMANDS)).get(name);
    const fits = client === '' ? command?.client !== 'required' : command?.client !== undefined;
    if (command && fits && positionals.length === command.length) return { command, words: { subject, value, client } };
  } catch {
    // An option that does not exist: the usage says which does.
  }
  throw new StartProblem(USAGE);
}

function explained(error: unknown): unknown {
  if (sqlState(error) === '42P01') return new StartProblem('The database is older than this command: npm run migrate.');
  if (!(error instanceof Fault)) return error;
  const ids = error.details?.['ids'];
  return new StartProblem(Array.isArray(ids) ? `${error.message} ${ids.join(', ')}` : error.message);
}

runCommand(main);
