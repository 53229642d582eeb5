/** The shop of a Jest project: started before its stories, ended after them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { shopFile } from './shop-file';
import { startShop, type RunningShop } from './start-shop';

/** Set-up and tear-down of a project. Jest runs both in one process, but a file that projects share only once for all of them. */
export function projectShop(project: string, processes: 'one' | 'six') {
  let shop: RunningShop | undefined;
  return {
    setUp: async (): Promise<void> => {
      // Jest ends at once; by an exit of ours the shop is ended with it.
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
      shop = await startShop(processes);
      const file = shopFile(project);
      mkdirSync(file.folder, { recursive: true });
      writeFileSync(file.path, JSON.stringify({ url: shop.url, databases: shop.databases }));
    },
    tearDown: async (): Promise<void> => {
      await shop?.stop();
    },
  };
}
