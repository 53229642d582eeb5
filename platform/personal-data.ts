/** Personal data, when its owner wants to have it: each subgraph answers with what it holds, sealed. Collected by accounts. */
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { defineEvent } from './bus/event';
import { addToOutbox } from './outbox';
import type { Services } from './subgraph';

/** Subgraphs that hold something of users, in the order in which an export shows it. */
export const PERSONAL_DATA_HOLDERS = ['accounts', 'catalog', 'cart', 'orders', 'payments'] as const;

const gathered = z.object({ exportId: z.uuid(), holder: z.enum(PERSONAL_DATA_HOLDERS), sealed: z.string() });

/** What a subgraph holds of the user for whom an export was asked: JSON, sealed. */
export const personalDataGathered = defineEvent({
  name: 'personalData.gathered',
  // 2: catalog is among the holders; a process that does not know it waits for its update.
  version: 2,
  payload: gathered,
  previous: { version: 1, payload: gathered, upgrade: (old) => old },
});

/** Adds to the outbox what this subgraph holds; `data` is anything JSON can say. In the transaction in which it was read. */
export async function addPersonalData(
  tx: EntityManager,
  { sealer, clock }: Pick<Services, 'sealer' | 'clock'>,
  answer: {
    exportId: string;
    holder: (typeof PERSONAL_DATA_HOLDERS)[number];
    data: unknown;
    /** The event that asked. */
    cause: string;
  },
): Promise<void> {
  const { exportId, holder, data, cause } = answer;
  await addToOutbox(tx, personalDataGathered, {
    aggregateId: exportId,
    aggregateVersion: 0,
    payload: { exportId, holder, sealed: sealer.sealJson(data) },
    cause,
    time: clock.now(),
  });
}
