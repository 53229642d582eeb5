/**
 * A TCP proxy between one service and one of its servers. It passes everything on and watches; at an armed point the service
 * dies: the proxy is where one can stop between "the database has committed" and "the service knows".
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { freePort } from '../../platform/free-port';
import { pointName, type PointBoard } from './points';
import type { Sighting, Watcher } from './watchers';

/** A proxy on 127.0.0.1. */
export interface Proxy {
  port: number;
  close(): Promise<void>;
}

/** What a proxy needs. */
export interface ProxyOptions {
  service: string;
  /** Asked for each connection: a server that was started again may be elsewhere. */
  target: () => number;
  watch: () => Watcher;
  board: PointBoard;
  /** kill -9 of the service, at once. */
  kill: () => unknown;
}

/** Milliseconds for bytes that were passed on to reach a process that is about to die. */
const ARRIVAL_MS = 2;

/** Starts it. */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const { service, board, kill } = options;
  const open = new Set<Socket>();
  // Every sighting counts as passed, also those after the one that kills.
  const dies = (sightings: Sighting[], side: Sighting['side']): boolean =>
    sightings
      .filter((seen) => seen.side === side)
      .map(({ act }) => board.pass(pointName(service, side, act)))
      .includes(true);

  const server = createServer({ noDelay: true }, (client) => {
    const target = connect({ port: options.target(), host: '127.0.0.1', noDelay: true });
    const watcher = options.watch();
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      open.add(socket);
      socket.on('error', () => undefined); // 'close' follows
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
    }
    const cut = (): void => {
      kill();
      client.destroy();
      target.end();
    };
    client.on('data', (bytes) => {
      const sightings = watcher.fromService(bytes);
      const before = dies(sightings, 'before');
      if (!before) target.write(bytes);
      if (before || dies(sightings, 'after')) cut();
    });
    target.on('data', (bytes) => {
      const sightings = watcher.fromServer(bytes);
      // What the server says of an act that is its own, a confirm, is an act of the service when it hears of it.
      const own = sightings.some(({ act }) => act === 'confirm');
      const unheard = dies(sightings, own ? 'before' : 'after');
      if (unheard) cut();
      else client.write(bytes);
      if (own && !unheard && dies(sightings, 'after')) setTimeout(cut, ARRIVAL_MS);
    });
  });
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port,
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
