/** A partner's program: takes webhooks on this machine, verifies them with the standard's own library, and answers as told. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

/** A webhook that was received. */
export interface Received {
  /** The header webhook-id. */
  id: string;
  /** What it was answered; 0: its connection was cut. */
  answered: number;
  body: string;
  headers: Record<string, string>;
  message: {
    type: string;
    timestamp: string;
    data: { cursor: string; orderId: string; orderNumber: string; status: string };
  };
}

/** The program. */
export interface Receiver {
  url: string;
  received: Received[];
  /** What the next ones are answered: an HTTP status, or 0 to cut the connection. May wait. */
  answer: (received: Omit<Received, 'answered'>) => number | Promise<number>;
  /** Throws unless one of its signatures was made with the secret a moment ago. */
  verify(received: Received, secret: string): void;
  stop(): Promise<void>;
}

/** Starts it on a free port of loopback. */
export async function startReceiver(): Promise<Receiver> {
  const receiver: Receiver = {
    url: '',
    received: [],
    answer: () => 204,
    verify: ({ body, headers }, secret) => void new Webhook(secret).verify(body, headers),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const server = createServer((request, response) => {
    void (async () => {
      const body = await textOf(request);
      const headers = request.headers as Record<string, string>;
      const message = JSON.parse(body) as Received['message'];
      const webhook = { id: headers['webhook-id'] ?? '', body, headers, message };
      const answered = await receiver.answer(webhook);
      receiver.received.push({ ...webhook, answered });
      if (answered === 0) request.socket.destroy();
      else response.writeHead(answered, { location: '/elsewhere' }).end('x'.repeat(100));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks?key=a-partners-own`;
  return receiver;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
