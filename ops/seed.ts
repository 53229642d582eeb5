/** `npm run seed -- --products 1000`: demonstration accounts and catalogue, deterministic, up to 1,000,000 products. */
import 'reflect-metadata';
import { SingleBar, Presets } from 'cli-progress';
import { parseArgs } from 'node:util';
import { prepareShop } from '../main';
import { readConfig } from '../platform/config';
import { runCommand, StartProblem } from '../platform/start-problem';

const MAX_PRODUCTS = 1_000_000;
const USAGE = `Usage: npm run seed -- --products N, where N is a whole number from 1 to ${MAX_PRODUCTS}`;

async function main(): Promise<void> {
  const products = productsAsked();
  const config = readConfig();
  if (config.production) throw new StartProblem('Demonstration accounts and products are refused in production.');
  const bar = new SingleBar({ format: 'products [{bar}] {value}/{total} {eta_formatted}' }, Presets.shades_classic);
  bar.start(products, 0);
  try {
    await prepareShop({ ...config, demo: true }, { products, onProgress: (done) => bar.update(done) });
  } finally {
    bar.stop(); // also gives the terminal its cursor back
  }
  process.stdout.write(`${products} demonstration products are there.\n`);
}

function productsAsked(): number {
  try {
    const { values } = parseArgs({ options: { products: { type: 'string', default: '1000' } } });
    const products = Number(values.products);
    if (Number.isInteger(products) && products >= 1 && products <= MAX_PRODUCTS) return products;
  } catch {
    // An option that does not exist: the usage says which one does.
  }
  throw new StartProblem(USAGE);
}

runCommand(main);
