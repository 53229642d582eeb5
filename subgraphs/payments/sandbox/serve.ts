/**
 * The sandbox as a process: `npm run start:sandbox`, or started by the shop itself. It listens at SANDBOX_URL, keeps its ledger
 * in DATA_DIR and tells SOUK_PUBLIC_URL what happens; `--pages` and `--webhooks` give other addresses for its pages and webhooks,
 * `--action-seconds` another time for a buyer to approve a payment.
 */
import { mkdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { loadSecrets } from '../../../platform/auth/development-secrets';
import { readConfig } from '../../../platform/config';
import { lockDirectory } from '../../../platform/db/embedded-lock';
import { isExplained, runCommand, StartProblem } from '../../../platform/start-problem';
import { DEFAULT_URL, sandboxFolder } from './place';
import { startSandbox } from './server';

async function main(): Promise<void> {
  const { pages, webhooks, 'action-seconds': actionSeconds } = given();
  const config = readConfig();
  const at = new URL(config.sandbox.url ?? DEFAULT_URL);
  const folder = sandboxFolder(config);
  await mkdir(folder, { recursive: true });
  const lock = await lockDirectory(folder);
  if ('heldBy' in lock) {
    throw new StartProblem(
      `The sandbox of this DATA_DIR runs already (pid ${lock.heldBy}): set SANDBOX_URL to where it listens.`,
    );
  }
  const { sandboxWebhookSecret: webhookSecret } = await loadSecrets(config);
  const sandbox = await startSandbox({
    ...{ folder, webhookSecret, host: config.host, port: Number(at.port || '80') },
    pagesUrl: (pages ?? at.origin).replace(/\/+$/, ''),
    webhookUrl: webhooks ?? `${config.publicUrl}/webhooks/payments/sandbox`,
    actionMs: actionSeconds === undefined ? undefined : Number(actionSeconds) * 1_000,
  }).catch((error: unknown) => {
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    throw taken ? new StartProblem(`Port ${at.port} is taken: let SANDBOX_URL name another one.`) : error;
  });
  const end = (): void => void sandbox.stop().then(() => process.exit(0));
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  process.once('exit', lock.release);
}

function given() {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({ options: { pages: text, webhooks: text, 'action-seconds': text } });
    if (values['action-seconds'] === undefined || /^[1-9]\d{0,5}$/.test(values['action-seconds'])) return values;
  } catch {
    // An option that does not exist: the usage says which ones do.
  }
  throw new StartProblem('Usage: npm run start:sandbox [-- --pages URL] [--webhooks URL] [--action-seconds N]');
}

/** For whoever has started it as a child: they hear how that went, and take it along when they die, however that happens. */
async function asChild(): Promise<void> {
  process.once('disconnect', () => process.exit());
  try {
    await main();
    process.send?.('listening');
  } catch (error) {
    process.exitCode = 1;
    // Once it is told or printed.
    if (error instanceof Error && isExplained(error))
      process.send?.(error.message, undefined, {}, () => process.exit());
    else {
      setImmediate(() => process.exit());
      throw error;
    }
  }
}

runCommand(process.send ? asChild : main);
