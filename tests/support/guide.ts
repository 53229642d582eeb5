/** The examples of docs/live-orders.md, to be run as they stand there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { PROJECT_ROOT } from '../../platform/root';

const guide = readFileSync(join(PROJECT_ROOT, 'docs/live-orders.md'), 'utf8');

/** The lines under `<!-- example: NAME -->`, with their imports left out and this shop in place of the guide's. */
export function exampleOf(name: string, shop: string): string {
  const [, lines] = new RegExp(`<!-- example: ${name} -->\\s+\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``).exec(guide) ?? [];
  if (lines === undefined) throw new Error(`The guide has no example ${name}.`);
  return lines
    .replaceAll(/^import .*\n/gm, '')
    .replaceAll('http://127.0.0.1:4000', shop)
    .replaceAll('ws://127.0.0.1:4000', shop.replace('http', 'ws'));
}

/** An update, as the guide's query asks for it. */
export interface GuideUpdate {
  kind: string;
  cursor: string;
  event: { type: string; status: string };
  order: { id: string; status: string; payments: { status: string }[] };
}

/** What the examples call it. */
export type WatchOrder = (orderId: string, show: (update: GuideUpdate) => void) => unknown;

/** The `watch` that some examples give together; `names` is what they import and expect to be there. */
export function watchOf(lines: string, names: Record<string, unknown>): WatchOrder {
  const globals = { setTimeout, URL, URLSearchParams, fetch };
  return runInNewContext(`${lines}; watch`, { ...globals, ...names }) as WatchOrder;
}
