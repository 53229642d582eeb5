/** A shop for the matrix, and a run in it. */
import { startReceiver } from '../support/webhook-receiver';
import { startShop, type RunningShop } from '../support/start-shop';
import { Doors, SECRET } from './doors';
import { runMatrix, type Extent, type Findings } from './matrix';
import type { Table } from './table';
import { makeWorld } from './world';

/** Six processes, so that the subgraphs have doors; whole answers are dear. */
export const startMatrixShop = (): Promise<RunningShop> =>
  startShop('six', { SOUK_INTERNAL_SECRETS: SECRET, SOUK_OPERATION_COST: '1000000' });

/** What a run in a world has found. */
export type Asked = Findings & { requests: number };
/** Asks that much. */
export type Ask = (extent: Extent) => Promise<Asked>;

/** Builds a world in the shop, for as long as the work takes. */
export async function withWorld<T>(shop: RunningShop, expected: Table, work: (ask: Ask) => Promise<T>): Promise<T> {
  const receiver = await startReceiver();
  const doors = new Doors(shop);
  try {
    const world = await makeWorld(doors, receiver.url);
    return await work(async (extent) => {
      return { ...(await runMatrix(doors, world, expected, extent)), requests: doors.requests };
    });
  } finally {
    await doors.close();
    await receiver.stop();
  }
}

/** Builds a world in the shop and asks everything. */
export const matrixOf = (shop: RunningShop, expected: Table): Promise<Asked> =>
  withWorld(shop, expected, (ask) => ask({ rows: /^/ }));
