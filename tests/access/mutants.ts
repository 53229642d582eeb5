/**
 * `node dist/tests/access/mutants.js [name …]`: takes one condition of ownership or role out of a copy of the program after
 * the other, and shows that the matrix turns red each time. Half an hour: not part of the tests. docs/access.md.
 */
import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildMutant } from '../chaos/mutants';
import type { SubgraphName } from '../../platform/config';
import type { RunningShop } from '../support/start-shop';
import { CONDITIONS, type Condition } from './conditions';
import { startMatrixShop, withWorld, type Ask, type Asked } from './run';
import { readTable } from './table';

/** How long a world is used, in milliseconds: its sessions last an hour. */
const WORLD_MS = 1_800_000;
const TABLE = readTable();

/** Whether answering it changes nothing, whoever is let through. */
const isRead = ({ rows }: Condition): boolean =>
  [...TABLE.keys()].every((row) => !row.startsWith('Mutation.') || !rows.test(row));

/** The first cell that is wrong, best one that lets somebody through. Tables may change and parts be out of reach by themselves. */
function redCell({ problems }: Asked): string | undefined {
  const cells = problems.filter((one) => !/^Denied mutations|SERVICE_UNAVAILABLE/.test(one));
  return cells.find(letsThrough) ?? cells[0];
}
/** No world makes a program do that which asks for every condition. */
const letsThrough = (cell: string): boolean => cell.includes(' got ok');

/** A shop of which one part at most runs from a changed copy. */
class ChangedShop {
  private changed?: { part: SubgraphName; folder: string };

  constructor(readonly shop: RunningShop) {}

  /** Takes the condition out. */
  async without({ part, ...patch }: Condition): Promise<void> {
    if (this.changed?.part !== part) await this.restore();
    const before = this.changed?.folder;
    const folder = await mkdtemp(path.join(tmpdir(), 'souk-mutant-'));
    this.changed = { part, folder };
    const root = await buildMutant({ patches: [patch] }, folder);
    await this.shop.kill(part);
    await this.shop.restart(part, root);
    if (before) await rm(before, { recursive: true, force: true });
  }

  /** Nothing is taken out. */
  async restore(): Promise<void> {
    if (!this.changed) return;
    const { part, folder } = this.changed;
    this.changed = undefined;
    await this.shop.kill(part);
    await this.shop.restart(part);
    await rm(folder, { recursive: true, force: true });
  }
}

/** The cell that is red for the lack of the condition. `spoilt`: it may be red anyway, this world cannot tell. */
async function look(
  shop: ChangedShop,
  condition: Condition,
  ask: Ask,
): Promise<{ cell: string | undefined; spoilt: boolean }> {
  const extent = { rows: condition.rows, refusals: true };
  await shop.without(condition);
  const cell = redCell(await ask(extent));
  if (cell === undefined || letsThrough(cell)) return { cell, spoilt: false };
  // Whoever was let through before may have changed the world so that it is red anyway.
  await shop.restore();
  return { cell, spoilt: redCell(await ask(extent)) !== undefined };
}

async function run(names: readonly string[]): Promise<void> {
  const shop = new ChangedShop(await startMatrixShop());
  const all = Object.entries(CONDITIONS).filter(([name]) => names.length === 0 || names.includes(name));
  const inWorld = <T>(work: (ask: Ask) => Promise<T>): Promise<T> => withWorld(shop.shop, TABLE, work);
  const survivors: string[] = [];
  const tell = (name: string, cell: string | undefined): void => {
    process.stdout.write(`${cell ? 'red  ' : 'GREEN'} ${name}: ${cell ?? 'not noticed'}\n`);
    if (!cell) survivors.push(name);
  };
  try {
    const early = all.filter(([, condition]) => condition.early);
    const late = all.filter(([, condition]) => !condition.early);
    const left = [...late.filter(([, one]) => isRead(one)), ...late.filter(([, one]) => !isRead(one))];
    while (left.length > 0) {
      await shop.restore();
      await inWorld(async (ask) => {
        const until = Date.now() + WORLD_MS;
        for (let fresh = true; Date.now() < until && left[0]; fresh = false) {
          const [name, condition] = left[0];
          // Whoever was let through may have ended the sessions that are asked with.
          const looked = await look(shop, condition, ask).catch((error: unknown) => {
            if (fresh) throw error;
          });
          // Once more in a new world: what it needs may be gone.
          if (!looked || (!fresh && (looked.cell === undefined || looked.spoilt))) return;
          const { cell, spoilt } = looked;
          if (spoilt) throw new Error(`${name}: red with nothing taken out.`);
          tell(name, cell);
          left.shift();
        }
      });
    }
    for (const [name, condition] of early) {
      await shop.without(condition);
      tell(name, await inWorld(async (ask) => redCell(await ask({ rows: condition.rows, refusals: true }))));
    }
  } finally {
    await shop.shop.stop();
  }
  process.stdout.write(`${all.length - survivors.length} of ${all.length} noticed\n`);
  if (survivors.length > 0) process.exitCode = 1;
}

void run(process.argv.slice(2));
