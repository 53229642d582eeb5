/** Thousands of requests of somebody who means harm: none gets a 5xx, a long answer, a stack, or anything to run. */
import { connect } from 'node:net';
import { startTestGateway } from '../support/gateway';
import { hostileRequests, wrongWith } from '../support/hostile';

const REQUESTS = 2_000;
const AT_ONCE = 8;
const SEED = 20_261;

test('hostile requests are refused shortly, and those beside them are answered', async () => {
  const shop = await startTestGateway();
  // Bodies that never end, all the while.
  const slow = Array.from({ length: 20 }, () => {
    const socket = connect(shop.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{');
    return socket;
  });
  const source = hostileRequests('orders', SEED);
  const seen = new Map<string, number>();
  const wrong: unknown[] = [];
  let left = REQUESTS;

  const attack = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const request = source.next();
      const response = await fetch(`${shop.url}/graphql`, {
        method: 'POST',
        body: new Uint8Array(Buffer.from(request.body)),
        headers: request.headers,
      });
      const answer = await response.text();
      seen.set(request.kind, (seen.get(request.kind) ?? 0) + 1);
      const why = wrongWith(request, response.status, answer);
      if (why) {
        const { status } = response;
        wrong.push({ kind: request.kind, why, status, length: answer.length, answer: answer.slice(0, 300) });
      }
    }
  };
  const honest = async (): Promise<void> => {
    while (left > 0) {
      const { status, body } = await shop.post({ query: '{ products { name } orders { product { name } } }' });
      if (status !== 200 || body.errors) wrong.push({ honest: body });
    }
  };
  try {
    await Promise.all([honest(), ...Array.from({ length: AT_ONCE }, attack)]);
  } finally {
    for (const socket of slow) socket.destroy();
    await shop.gateway.stop();
  }
  expect(wrong).toEqual([]);
  expect([...seen.keys()].toSorted()).toEqual(source.kinds.toSorted());
  expect(shop.subgraphs.accounts.requests).toEqual([]);
}, 180_000);
