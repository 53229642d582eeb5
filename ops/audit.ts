/** `npm run audit-log -- verify` computes the chain of the audit log anew and says whether it is whole. */
import 'reflect-metadata';
import { openAdapters } from '../platform/adapters';
import { readConfig } from '../platform/config';
import { Database } from '../platform/db/database';
import { Lifecycle } from '../platform/lifecycle';
import { createLog } from '../platform/log';
import { runCommand, StartProblem } from '../platform/start-problem';
import { verifyAuditLog } from '../subgraphs/accounts/audit/verify-audit-log';

async function main(): Promise<void> {
  if (process.argv.slice(2).join(' ') !== 'verify') throw new StartProblem('Usage: npm run audit-log -- verify');
  const config = readConfig();
  const log = createLog({ level: config.logLevel, name: 'audit-log' });
  const lifecycle = new Lifecycle(log);
  try {
    const adapters = await openAdapters(config, log, lifecycle, 'command');
    const url = await adapters.databaseOf('accounts');
    const db = await Database.connect({ subgraph: 'accounts', url, entities: [], migrations: [], poolSize: 2 });
    lifecycle.onStop('accounts database', () => db.close());
    const { entries, head, brokenAt } = await verifyAuditLog(db);
    if (brokenAt !== null) throw new StartProblem(`The audit log is broken at entry ${brokenAt}.`);
    process.stdout.write(
      `${entries} entries, all in their chain. The last one's hash, to be kept elsewhere:\n${head}\n`,
    );
  } finally {
    await lifecycle.stop();
  }
}

runCommand(main);
