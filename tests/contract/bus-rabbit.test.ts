/** What the RabbitMQ bus does when the broker or a consumer fails. */
import { randomUUID } from 'node:crypto';
import { Connection } from 'rabbitmq-client';
import type { EventEnvelope } from '../../platform/bus/bus';
import { createRabbitBus } from '../../platform/bus/rabbit';
import { eventually } from '../support/eventually';
import { anEvent, newNamespace, openRabbit, quickRetry, rabbitUrl, silent } from '../support/buses';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';

const BINDINGS = [{ queue: 'a.mail', events: ['orders.shipped'] }];
const disposals: (() => Promise<void>)[] = [];
const later = (dispose: () => Promise<void>): void => void disposals.push(dispose);
afterEach(async () => {
  for (const dispose of disposals.splice(0).reverse()) await dispose();
});

async function rawConnection(): Promise<Connection> {
  const connection = new Connection(rabbitUrl);
  later(() => connection.close());
  await connection.onConnect();
  return connection;
}

async function proxied(): Promise<{ proxy: TcpProxy; url: string }> {
  const target = new URL(rabbitUrl);
  const proxy = await startTcpProxy(Number(target.port || 5672));
  later(() => proxy.close());
  target.hostname = '127.0.0.1';
  target.port = String(proxy.port);
  return { proxy, url: target.toString() };
}

test('nobody listening: publish rejects at once, declare and close do not hang', async () => {
  const bus = createRabbitBus({ url: 'amqp://guest:guest@127.0.0.1:1', namespace: newNamespace(), log: silent });
  later(() => bus.close());
  expect(bus.healthy()).toBe(false);
  const began = performance.now();
  await expect(bus.publish(anEvent('orders.shipped'))).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  expect(performance.now() - began).toBeLessThan(500);
  await bus.declare(BINDINGS);
  await expect(bus.depths()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  await expect(bus.deadLetters()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  expect(performance.now() - began).toBeLessThan(6_000);
});

test('a broker that hangs: publish rejects within five seconds', async () => {
  const { proxy, url } = await proxied();
  const { bus, dispose } = await openRabbit(BINDINGS, url);
  later(dispose);
  later(async () => proxy.restore()); // before disposal, which talks through it
  await bus.publish(anEvent('orders.shipped'));
  proxy.stall();
  const began = performance.now();
  await expect(bus.publish(anEvent('orders.shipped'))).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  expect(performance.now() - began).toBeLessThan(5_000);
});

test('cut off and back, again and again: nothing that was taken is lost, and consuming goes on by itself', async () => {
  const { proxy, url } = await proxied();
  const { bus, dispose } = await openRabbit(BINDINGS, url);
  later(dispose);
  const seen = new Set<string>();
  await bus.consume('a.mail', async ({ id }) => {
    seen.add(id);
    return 'done';
  });
  const taken: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    const flood = Promise.all(
      Array.from({ length: 100 }, async () => {
        const event = anEvent('orders.shipped');
        await bus.publish(event).then(
          () => taken.push(event.id),
          () => undefined,
        );
      }),
    );
    if (round > 0) await proxy.cut();
    await flood;
    await proxy.restore();
    await eventually(() => expect(bus.healthy()).toBe(true), 8_000);
  }
  const last = anEvent('orders.shipped');
  await eventually(() => bus.publish(last).then(() => undefined));
  taken.push(last.id);
  await eventually(() => expect(taken.filter((id) => !seen.has(id))).toEqual([]), 10_000);
  expect(taken.length).toBeGreaterThan(100);
});

test('declared while the broker is down: the queues are there when it is', async () => {
  const { proxy, url } = await proxied();
  await proxy.cut();
  const { bus, dispose } = await openRabbit(BINDINGS, url);
  later(dispose);
  const seen: EventEnvelope[] = [];
  await bus.consume('a.mail', async (event) => {
    seen.push(event);
    return 'done';
  });
  await proxy.restore();
  const event = anEvent('orders.shipped');
  await eventually(() => bus.publish(event).then(() => undefined), 8_000);
  await eventually(() => expect(seen.map(({ id }) => id)).toContain(event.id), 8_000);
});

test('a queue the broker has lost: the publish is refused, the queue made again, and the next one arrives', async () => {
  const { bus, namespace, dispose } = await openRabbit(BINDINGS);
  later(dispose);
  const connection = await rawConnection();
  await connection.queueDelete(`${namespace}.a.mail`);
  await expect(bus.publish(anEvent('orders.shipped'))).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  await bus.publish(anEvent('orders.shipped'));
  expect((await bus.depths())['a.mail']).toBe(1);
});

test('a message that kills its consumers ends in the dead letters, not in a loop', async () => {
  const { bus, namespace, dispose } = await openRabbit(BINDINGS);
  later(dispose);
  const event = anEvent('orders.shipped');
  await bus.publish(event);
  let taken = 0;
  for (let death = 0; death < quickRetry.deliveryLimit + 1; death += 1) {
    const connection = await rawConnection();
    const channel = await connection.acquire();
    await eventually(async () => {
      const message = await channel.basicGet(`${namespace}.a.mail`);
      expect(message?.messageId).toBe(event.id);
    });
    taken += 1;
    connection.unsafeDestroy(); // as a killed process leaves it: taken and not acknowledged
  }
  await eventually(async () => expect(await bus.deadLetters()).toMatchObject([{ queue: 'a.mail', id: event.id }]));
  expect(taken).toBe(quickRetry.deliveryLimit + 1);
  expect((await bus.depths())['a.mail']).toBe(0);
});

test('what is not an event goes to the dead letters, whatever it is', async () => {
  const { bus, namespace, dispose } = await openRabbit(BINDINGS);
  later(dispose);
  let handled = 0;
  await bus.consume('a.mail', async () => {
    handled += 1;
    return 'done';
  });
  const connection = await rawConnection();
  const publisher = connection.createPublisher({ confirm: true });
  const to = { exchange: `${namespace}.events`, routingKey: 'orders.shipped', messageId: randomUUID() };
  for (const body of ['text', Buffer.from([0, 255]), { id: 'no uuid' }, null]) await publisher.send(to, body);
  await publisher.send({ ...to, contentType: 'application/json' }, Buffer.from('{"cut'));
  await publisher.close();
  await eventually(async () => expect((await bus.depths())['a.mail.dead']).toBe(5));
  expect((await bus.deadLetters()).map(({ name }) => name)).toEqual(Array(5).fill('(not an event)'));
  expect(handled).toBe(0);
});

test('namespaces do not see each other', async () => {
  const one = await openRabbit(BINDINGS);
  const two = await openRabbit(BINDINGS);
  later(one.dispose);
  later(two.dispose);
  await one.bus.publish(anEvent('orders.shipped'));
  expect((await one.bus.depths())['a.mail']).toBe(1);
  expect((await two.bus.depths())['a.mail']).toBe(0);
});
