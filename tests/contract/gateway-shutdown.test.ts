/** Going down: what is in flight is answered, whatever the load. */
import { Agent, request } from 'node:http';
import { eventually } from '../support/eventually';
import { startTestGateway, type TestGateway } from '../support/gateway';

const BODY = '{"query":"{ products { id } }"}';

/** One request on a kept-alive connection; the status, or why there is none. */
function ask(shop: TestGateway, agent: Agent): Promise<number | string> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': BODY.length };
    const sent = request(
      { port: shop.port, host: '127.0.0.1', path: '/graphql', method: 'POST', agent, headers },
      (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end(BODY);
  });
}

test('under load, no request that has reached the gateway fails', async () => {
  const shop = await startTestGateway();
  shop.subgraphs.catalog.before = () => new Promise((resolve) => setTimeout(resolve, 20));
  const outcomes = new Map<number | string, number>();
  let stopped = false;
  const clients = Array.from({ length: 16 }, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!stopped) {
      const outcome = await ask(shop, agent);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      // Nobody listens any more: a load balancer would have gone elsewhere.
      if (outcome === 'ECONNREFUSED') break;
    }
    agent.destroy();
  });
  await eventually(() => expect(outcomes.get(200)).toBeGreaterThan(100));
  await shop.gateway.stop();
  stopped = true;
  await Promise.all(clients);
  outcomes.delete('ECONNREFUSED');
  expect([...outcomes.keys()]).toEqual([200]);
});

test('a slow request is waited for, and readiness says so meanwhile', async () => {
  const shop = await startTestGateway();
  let reached = (): void => undefined;
  const waiting = new Promise<void>((resolve) => (reached = resolve));
  shop.subgraphs.catalog.before = () => {
    reached();
    return new Promise((resolve) => setTimeout(resolve, 1_500));
  };
  const agent = new Agent({ keepAlive: true });
  const slow = ask(shop, agent);
  await waiting;
  const stopping = shop.gateway.stop();
  const ready = await fetch(`${shop.url}/health/ready`);
  expect({ status: ready.status, body: await ready.json() }).toEqual({
    status: 503,
    body: { status: 'stopping', down: [] },
  });
  expect(await slow).toBe(200);
  await stopping;
  agent.destroy();
  await expect(fetch(`${shop.url}/health/live`)).rejects.toThrow();
});
