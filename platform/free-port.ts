import { randomInt } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { StartProblem } from './start-problem';

/** A loopback port nobody listens on, below 32768: the ports above are handed out to outgoing connections. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    if ((await tryPort(port, '127.0.0.1')) === undefined) return port;
  }
}

/** The port that a file remembers, unless somebody else listens there; otherwise a free one, remembered from now on. */
export async function keptPort(file: string): Promise<number> {
  const kept = Number(await readFile(file, 'utf8').catch(() => ''));
  if (Number.isInteger(kept) && kept > 0 && (await tryPort(kept, '127.0.0.1')) === undefined) return kept;
  const port = await freePort();
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, String(port));
  return port;
}

/**
 * Throws {@link StartProblem} unless one could listen there. For the start of a program: it should not find that out when
 * all the rest is up.
 */
export async function requirePort(port: number, host: string): Promise<void> {
  const refusal = await tryPort(port, host);
  if (refusal !== undefined) throw portProblem(refusal, port);
}

/** What a refusal to listen means to whoever starts the program. */
export function portProblem(code: string, port: number): StartProblem {
  if (code === 'EADDRINUSE') return new StartProblem(`Port ${port} is taken. Choose another one with PORT.`);
  if (code === 'EACCES') return new StartProblem(`Port ${port} is not for this user. Choose one above 1023 with PORT.`);
  return new StartProblem(`One cannot listen at HOST (${code}): it must be an address of this machine.`);
}

/** Listens for a moment; gives the error code when refused. */
function tryPort(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
    probe.listen({ port, host }, () => probe.close(() => resolve(undefined)));
  });
}
