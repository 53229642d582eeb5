/** `npm run access-table`: asks everything and writes the table as it is. See docs/access.md. */
import 'reflect-metadata';
import { matrixOf, startMatrixShop } from './run';
import { readTable, writeTable } from './table';

async function update(): Promise<void> {
  const shop = await startMatrixShop();
  try {
    const { table, problems, probes } = await matrixOf(shop, readTable());
    writeTable(table);
    process.stdout.write(`${problems.join('\n')}\n${probes} probes: now read the changes of the table.\n`);
  } finally {
    await shop.stop();
  }
}

void update();
