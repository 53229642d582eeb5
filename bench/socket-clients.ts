/** The clients of the sockets benchmark, in a process of their own: each socket follows one order, and counts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** What they are told to open. */
export interface OpenSockets {
  url: string;
  query: string;
  followers: { orderId: string; token: string }[];
}
/** What they have seen since they were open. */
export interface SocketsSeen {
  /** Different events. */
  events: number;
  /** Updates of an order that is another one's; the same event again; errors and closed sockets. */
  foreign: number;
  twice: number;
  failed: number;
  /** From the event's `occurredAt` to its arrival, in milliseconds. */
  milliseconds: number[];
  /** A message as it came. */
  sample: string;
}
interface Message {
  type: string;
  payload?: {
    data?: { orderUpdated?: { kind: string; cursor: string; event: { occurredAt: string }; order: { id: string } } };
  };
}

/** Sockets opened at once; more would only wait. */
const AT_ONCE = 50;
const seen: SocketsSeen = { events: 0, foreign: 0, twice: 0, failed: 0, milliseconds: [], sample: '' };

/** Resolves when the snapshot is there. */
function follow(url: string, query: string, { orderId, token }: OpenSockets['followers'][number]): Promise<void> {
  const cursors = new Set<string>();
  const socket = new WebSocket(url, 'graphql-transport-ws');
  const send = (message: unknown): void => socket.send(JSON.stringify(message));
  socket.on('open', () => send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
  return new Promise((resolve) => {
    const fail = (): void => {
      seen.failed += 1;
      resolve();
    };
    socket.on('error', () => undefined);
    socket.on('close', fail);
    socket.on('message', (data: Buffer) => {
      const text = data.toString();
      const { type, payload } = JSON.parse(text) as Message;
      if (type === 'connection_ack') send({ type: 'subscribe', id: 'a', payload: { query, variables: { orderId } } });
      else if (type === 'ping') send({ type: 'pong' });
      else if (type === 'next' && payload?.data?.orderUpdated) {
        const { kind, cursor, event, order } = payload.data.orderUpdated;
        if (order.id !== orderId) seen.foreign += 1;
        if (kind === 'SNAPSHOT') resolve();
        else if (cursors.has(cursor)) seen.twice += 1;
        else {
          cursors.add(cursor);
          seen.events += 1;
          seen.milliseconds.push(Date.now() - Date.parse(event.occurredAt));
          seen.sample = text;
        }
      } else fail();
    });
  });
}

async function open({ url, query, followers }: OpenSockets): Promise<void> {
  const waiting = [...followers];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = waiting.pop(); next; next = waiting.pop()) await follow(url, query, next);
    }),
  );
}

process.on('message', (asked: OpenSockets | 'report') => {
  if (asked === 'report') process.send?.(seen);
  else
    void open(asked).then(
      async () => process.send?.('open'),
      () => process.exit(1),
    );
});
process.on('disconnect', () => void sleep(0).then(() => process.exit(0)));
