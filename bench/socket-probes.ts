/** One address that opens sockets without end, and one socket that subscribes without end; a process of its own. */
import { once } from 'node:events';
import { WebSocket } from 'ws';

/** Sockets tried at once. */
const AT_ONCE = 50;

async function probe(url: string, count: number): Promise<Record<string, number>> {
  const codes: Record<string, number> = {};
  const sockets: WebSocket[] = [];
  const open = async (): Promise<WebSocket> => {
    const socket = new WebSocket(url, 'graphql-transport-ws');
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('close', (code) => (codes[code] = (codes[code] ?? 0) + 1));
    await Promise.race([once(socket, 'open'), once(socket, 'close')]);
    if (socket.readyState === WebSocket.OPEN) socket.send('{"type":"connection_init"}');
    return socket;
  };
  const greedy = await open();
  await once(greedy, 'message');
  const query = 'subscription { orderUpdated(orderId: "ord_00000000000000000000000001") { cursor } }';
  for (let n = 0; n < count && greedy.readyState === WebSocket.OPEN; n += 1)
    greedy.send(JSON.stringify({ type: 'subscribe', id: String(n), payload: { query } }));
  for (let opened = 0; opened < count; opened += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, open));
  const closed = { ...codes };
  for (const socket of sockets) socket.terminate();
  return { ...closed, open: sockets.length - Object.values(closed).reduce((sum, of) => sum + of, 0) };
}

process.on('message', ({ url, count }: { url: string; count: number }) => {
  void probe(url, count).then(
    (result) => process.send?.(result),
    () => process.exit(1),
  );
});
process.on('disconnect', () => process.exit(0));
