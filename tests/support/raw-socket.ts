/** A client of the test gateway that speaks graphql-transport-ws by hand, so that it can break it. */
import { WebSocket } from 'ws';
import { eventually } from './eventually';
import type { TestGateway } from './gateway';

/** A message of the protocol. */
export interface Message {
  type: string;
  id?: string;
  payload?: unknown;
}

const sockets = new Set<RawSocket>();

/** Cuts all that a test has left open. */
export function closeSockets(): void {
  for (const { socket } of sockets) socket.terminate();
  sockets.clear();
}

/** One socket. */
export class RawSocket {
  readonly received: Message[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly socket: WebSocket;

  constructor(
    gateway: Pick<TestGateway, 'port'>,
    path = '/graphql',
    protocol = 'graphql-transport-ws',
    headers: Record<string, string> = {},
  ) {
    this.socket = new WebSocket(`ws://127.0.0.1:${gateway.port}${path}`, protocol, { headers });
    this.socket.on('message', (data: Buffer) => this.received.push(JSON.parse(data.toString()) as Message));
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    sockets.add(this);
  }

  /** Waits until it is open, or was. */
  async open(): Promise<this> {
    await until(() => this.socket.readyState !== WebSocket.CONNECTING);
    return this;
  }

  /** Waits until it is acknowledged. */
  async init(payload?: Record<string, unknown>): Promise<this> {
    await this.open();
    this.send({ type: 'connection_init', payload });
    await until(() => this.received.some(({ type }) => type === 'connection_ack'));
    this.received.length = 0;
    return this;
  }

  /** Sends a message, or text as it is. */
  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  subscribe(query: string, variables?: Record<string, unknown>, id = 'a'): void {
    this.send({ type: 'subscribe', id, payload: { query, variables } });
  }

  /** The next `count` messages, once they are there. */
  async messages(count: number): Promise<Message[]> {
    await until(() => this.received.length >= count);
    return this.received.splice(0, count);
  }
}

/** Waits for a condition, twenty seconds at most. */
export async function until(condition: () => boolean): Promise<void> {
  await eventually(() => {
    if (!condition()) throw new Error('It did not happen.');
  });
}
