/** Who may do what, asked of every field as everybody: see docs/access.md. */
import type { RunningShop } from '../support/start-shop';
import { matrixOf, startMatrixShop } from './run';
import { readTable } from './table';

let shop: RunningShop;
beforeAll(async () => {
  shop = await startMatrixShop();
}, 120_000);
afterAll(() => shop.stop(), 60_000);

test('every field answers everybody as the table says', async () => {
  const expected = readTable();
  const { problems, probes, requests, table } = await matrixOf(shop, expected);
  process.stdout.write(`${probes} probes in ${requests} requests\n`);
  expect(problems).toEqual([]);
  expect([...expected.keys()].filter((row) => !table.has(row))).toEqual([]);
  expect(probes).toBeGreaterThanOrEqual(5_000);
}, 300_000);
