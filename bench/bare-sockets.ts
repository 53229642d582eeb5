/** A bare ws server, in a process of its own: sends what it is told to whom it is told. The measure of the machine. */
import { WebSocketServer, type WebSocket } from 'ws';
import { HOLES, type BareUpdate } from './bare-update';

const sockets = new Map<string, WebSocket>();
let sent = 0;

function listen(port: number): void {
  const server = new WebSocketServer({ port, host: '127.0.0.1' });
  server.on('listening', () => process.send?.('listening'));
  server.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      const { type, payload } = JSON.parse(data.toString()) as {
        type: string;
        payload?: { variables?: { orderId: string } };
      };
      if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
      const orderId = payload?.variables?.orderId;
      if (orderId === undefined) return;
      sockets.set(orderId, socket);
      const snapshot = { kind: 'SNAPSHOT', cursor: '0', event: HOLES, order: { id: orderId } };
      socket.send(JSON.stringify({ type: 'next', payload: { data: { orderUpdated: snapshot } } }));
    });
  });
}

process.on('message', (asked: BareUpdate | { port: number } | 'memory') => {
  if (asked === 'memory') process.send?.(process.memoryUsage.rss());
  else if ('port' in asked) listen(asked.port);
  else {
    const occurredAt = new Date().toISOString();
    for (const orderId of asked.orderIds) {
      const text = asked.text.replace(HOLES.orderId, orderId).replaceAll(HOLES.cursor, `c${(sent += 1)}`);
      sockets.get(orderId)?.send(text.replace(HOLES.occurredAt, occurredAt));
    }
  }
});
process.on('disconnect', () => process.exit(0));
