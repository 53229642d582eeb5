/** A streamed response: backpressure, the cut of slow readers, and what comes after the end. */
import { ServerResponse, IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { HttpStream } from '../../gateway/subscriptions/http-stream';
import { SSE } from '../../gateway/subscriptions/transport';
import { eventually } from '../support/eventually';

/** A response whose socket takes nothing. */
function stalled(): ServerResponse {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  const socket = new Socket();
  Object.assign(socket, { connecting: true }); // what is written waits
  response.assignSocket(socket);
  socket.on('close', () => response.emit('close'));
  return response;
}

test('a response that is not read is cut after its time, and its sender goes on', async () => {
  const response = stalled();
  const stream = new HttpStream(response, SSE, {}, 50);
  let gone = 0;
  stream.atEnd(() => (gone += 1));
  await stream.send('x'.repeat(1_000_000));
  expect(response.destroyed).toBe(true);
  await eventually(() => expect(gone).toBe(1));
  // Nothing waits, and nothing throws, when it is too late.
  await stream.send('more');
  stream.end('last');
  stream.atEnd(() => (gone += 1));
  expect(gone).toBe(2);
});

test('one that has gone before it was begun is over at once', () => {
  const response = stalled();
  response.destroy();
  let gone = false;
  new HttpStream(response, SSE, {}).atEnd(() => (gone = true));
  expect(gone).toBe(true);
});
