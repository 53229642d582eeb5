/** `npm run seed -- --products 1000`: demonstration accounts and catalogue, deterministic, up to 1,000,000 products. */
import 'reflect-metadata';
import { SingleBar, Presets } from 'cli-progress';
import { parseArgs } from 'node:util';
import { prepareShop } from '../main';
import { readConfig } from '../platform/config';

const MAX_PRODUCTS = 1_000_000;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { products: { type: 'string', default: '1000' } } });
  const products = Number(values.products);
  if (!Number.isInteger(products) || products < 1 || products > MAX_PRODUCTS) {
    throw new Error(`--products must be a whole number from 1 to ${MAX_PRODUCTS}.`);
  }
  const bar = new SingleBar({ format: 'products [{bar}] {value}/{total} {eta_formatted}' }, Presets.shades_classic);
  bar.start(products, 0);
  await prepareShop({ ...readConfig(), demo: true }, { products, onProgress: (done) => bar.update(done) });
  bar.stop();
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : 'seeding failed'}\n`);
  process.exitCode = 1;
});
