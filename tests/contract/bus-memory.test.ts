/** What the memory bus promises the outbox in place of storing anything. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '../../platform/bus/bus';
import { createMemoryBus } from '../../platform/bus/memory';
import { eventually } from '../support/eventually';
import { anEvent, quickRetry, silent } from '../support/buses';

let bus: Bus;
beforeEach(async () => {
  bus = createMemoryBus({ log: silent, retry: quickRetry });
  await bus.declare([
    { queue: 'a', events: ['x'] },
    { queue: 'b', events: ['x'] },
  ]);
});
afterEach(() => bus.close());

test('a receipt settles when every queue has handled the event or given it up', async () => {
  let failures = 0;
  await bus.consume('a', async () => ((failures += 1) < quickRetry.maxAttempts ? 'retry' : 'dead'));
  let settled = false;
  const receipt = await bus.publish(anEvent('x'));
  void receipt.settled.then(() => (settled = true));
  await eventually(async () => expect((await bus.depths())['a.dead']).toBe(1));
  await sleep(20);
  expect(settled).toBe(false); // b has not had it
  await bus.consume('b', async () => 'done');
  await receipt.settled;
});

test('closing rejects the receipts of what waits, is in backoff, or is handled too late to be known', async () => {
  await bus.consume('a', async () => 'retry');
  const { settled } = await bus.publish(anEvent('x'));
  await eventually(async () => expect((await bus.depths())['retry']).toBe(1));
  const closed = bus.close();
  await expect(settled).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  await closed;
});

test('a handler sees a copy: what it changes, others do not see', async () => {
  const seen: unknown[] = [];
  await bus.consume('a', async (event) => {
    Object.assign(event, { payload: 'changed' });
    return 'done';
  });
  await bus.consume('b', async (event) => {
    seen.push(event.payload);
    return 'done';
  });
  await bus.publish(anEvent('x', { at: new Date(0) }));
  await eventually(() => expect(seen).toEqual([{ at: '1970-01-01T00:00:00.000Z' }]));
});
