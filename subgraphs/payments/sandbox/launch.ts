/** Starts the sandbox as a child of the shop: it runs as long as the shop does, and not a moment longer. */
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { childEnvironment, type Config } from '../../../platform/config';
import type { Log } from '../../../platform/log';
import { PROJECT_ROOT } from '../../../platform/root';
import { StartProblem } from '../../../platform/start-problem';
import { sandboxUrl } from './place';

/** The program of the process. */
export const SANDBOX_PROGRAM = path.join(PROJECT_ROOT, 'dist', 'subgraphs', 'payments', 'sandbox', 'serve.js');

/** Shortest time between two starts, in milliseconds. */
const RESTART_MS = 500;

/** Whether payments go to a sandbox that nobody else has started. */
export function needsSandbox({ paymentProvider, sandbox }: Config): boolean {
  return paymentProvider === 'sandbox' && sandbox.url === undefined;
}

/** A running sandbox. */
export interface LaunchedSandbox {
  url: string;
  /** Resolves when it listens; rejects with why it could not start. */
  ready: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts it. One that dies is started again. It is of its own process group, so that a Ctrl-C ends it when nobody needs it any
 * more; should the shop be killed, it notices and ends.
 */
export async function launchSandbox(config: Config, log: Log): Promise<LaunchedSandbox> {
  const url = await sandboxUrl(config);
  const env = childEnvironment({ SANDBOX_URL: url, DATA_DIR: config.dataDir, SOUK_NAMESPACE: config.namespace });
  const start = (): ChildProcess =>
    spawn(process.execPath, ['--enable-source-maps', SANDBOX_PROGRAM], {
      ...{ env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'], detached: true },
    });
  let stopping = false;
  let child = start();
  const restart = (): void => {
    if (stopping) return;
    log.warn('the sandbox has ended and starts again');
    setTimeout(() => {
      if (stopping) return;
      child = start();
      child.once('exit', restart);
    }, RESTART_MS).unref();
  };
  const ready = new Promise<void>((resolve, reject) => {
    const fail = (why: unknown): void =>
      reject(new StartProblem(typeof why === 'string' ? why : 'The sandbox of payments ended while starting.'));
    child.once('exit', fail);
    child.once('message', (message) => {
      if (message !== 'listening') {
        fail(message);
        return;
      }
      child.off('exit', fail);
      child.once('exit', restart);
      resolve();
    });
  });
  // Waited for later; until then a failure is nobody's unhandled rejection.
  ready.catch(() => undefined);
  return {
    url,
    ready,
    async stop() {
      stopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}
