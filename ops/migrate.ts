/** `npm run migrate`: applies the migrations of all subgraphs; `-- down` takes back the newest of each. */
import 'reflect-metadata';
import { readConfig, SUBGRAPHS } from '../platform/config';
import { createDatabase, migrate } from '../platform/db/prepare';
import { Lifecycle } from '../platform/lifecycle';
import { createLog } from '../platform/log';
import { openAdapters } from '../platform/adapters';
import { runCommand, StartProblem } from '../platform/start-problem';
import { SUBGRAPH_DEFINITIONS } from '../subgraphs';

async function main(): Promise<void> {
  const [asked = 'up', ...rest] = process.argv.slice(2);
  if ((asked !== 'up' && asked !== 'down') || rest.length > 0)
    throw new StartProblem('Usage: npm run migrate [-- down]');
  const direction = asked;
  const config = readConfig();
  const log = createLog({ level: config.logLevel, name: 'migrate' });
  const lifecycle = new Lifecycle(log);
  try {
    const adapters = await openAdapters(config, log, lifecycle, 'command');
    for (const name of SUBGRAPHS) {
      const url = await adapters.databaseOf(name);
      await createDatabase(url);
      const done = await migrate(url, SUBGRAPH_DEFINITIONS[name].migrations, direction);
      process.stdout.write(
        `${name.padEnd(9)} ${direction === 'up' ? 'applied' : 'taken back'}: ${done.join(', ') || 'nothing'}\n`,
      );
    }
  } finally {
    await lifecycle.stop();
  }
}

runCommand(main);
