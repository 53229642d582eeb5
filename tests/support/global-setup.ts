/** Starts the shop of a project before its stories: one process for `stories`, six for `distributed`. */
import type { Config } from 'jest';
import { mkdirSync, writeFileSync } from 'node:fs';
import { shopFile } from './shop-file';
import { startShop, type RunningShop } from './start-shop';

declare global {
  // Jest runs set-up and teardown in one process and hands nothing between them but globals.
  var soukShops: Map<string, RunningShop> | undefined;
}

/** Called by Jest once for each project. */
export default async function setUp(_: unknown, project: { displayName?: { name: string } } & Config): Promise<void> {
  const name = project.displayName?.name ?? 'stories';
  const shop = await startShop(name === 'distributed' ? 'six' : 'one');
  globalThis.soukShops = (globalThis.soukShops ?? new Map()).set(name, shop);
  const file = shopFile(name);
  mkdirSync(file.folder, { recursive: true });
  writeFileSync(file.path, JSON.stringify({ url: shop.url, pids: shop.pids() }));
}
