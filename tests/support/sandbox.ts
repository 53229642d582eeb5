/** The sandbox in this process, for tests of what stands in front of it: on a free port, with a ledger of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../../platform/free-port';
import type { Charge, Refund } from '../../subgraphs/payments/sandbox/ledger';
import { startSandbox, type SandboxOptions } from '../../subgraphs/payments/sandbox/server';

/** What webhooks are signed with in tests. */
export const WEBHOOK_SECRET = 'a webhook secret of the tests, long enough';

/** All that the provider did. */
export interface ProviderLedger {
  charges: Charge[];
  refunds: Refund[];
  calls: Record<string, number>;
}

/** A running sandbox. */
export interface SandboxUnderTest {
  url: string;
  ledger(): Promise<ProviderLedger>;
  /** Sends JSON; gives status, headers and the answer's JSON. */
  send(method: string, at: string, body?: unknown): Promise<{ status: number; headers: Headers; body: unknown }>;
  /** Takes faults into force; without: none. */
  faults(settings?: object): Promise<void>;
  stop(): Promise<void>;
}

/** Asks a sandbox, wherever it runs. */
export function sandboxAt(url: string): Omit<SandboxUnderTest, 'stop'> {
  const send: SandboxUnderTest['send'] = async (method, at, body) => {
    const response = await fetch(`${url}${at}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
  };
  return {
    url,
    send,
    ledger: async () => (await send('GET', '/ledger')).body as ProviderLedger,
    faults: async (settings) => {
      const { status } = await send(settings ? 'PUT' : 'DELETE', '/faults', settings);
      if (status !== 200) throw new Error(`faults: ${status}`);
    },
  };
}

/** Starts it. */
export async function startTestSandbox(options: Partial<SandboxOptions> = {}): Promise<SandboxUnderTest> {
  const folder = await mkdtemp(path.join(tmpdir(), 'souk-sandbox-'));
  const sandbox = await startSandbox({
    ...{ folder, host: '127.0.0.1', port: await freePort() },
    ...{ webhookUrl: null, webhookSecret: WEBHOOK_SECRET },
    ...options,
  });
  return {
    ...sandboxAt(sandbox.url),
    async stop() {
      await sandbox.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
