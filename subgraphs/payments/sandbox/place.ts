/** Where the sandbox of a shop is and keeps its ledger. */
import path from 'node:path';
import type { Config } from '../../../platform/config';
import { keptPort } from '../../../platform/free-port';

/** Where one that is started by hand listens when SANDBOX_URL does not say. */
export const DEFAULT_URL = 'http://127.0.0.1:4006';

/** A folder for each namespace: what one shop's reconciliation finds nobody knows of is not another shop's. */
export function sandboxFolder({ dataDir, namespace }: Pick<Config, 'dataDir' | 'namespace'>): string {
  return path.resolve(dataDir, 'sandbox', namespace);
}

/** Where one listens that the shop starts itself: where it did the last time, because a buyer may have its page open. */
export async function sandboxUrl(config: Pick<Config, 'dataDir' | 'namespace'>): Promise<string> {
  return `http://127.0.0.1:${await keptPort(path.join(sandboxFolder(config), 'port'))}`;
}
