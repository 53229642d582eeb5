/** A TCP proxy that a test can cut, to see how a client lives through an outage. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Ports tried, all below the range outgoing connections take theirs from. */
const PORTS = { from: 20_000, to: 32_000 };

/** A proxy on 127.0.0.1. */
export interface TcpProxy {
  port: number;
  /** Ends all connections and refuses new ones. */
  cut(): Promise<void>;
  /** Accepts connections and lets everything through again, after `cut` or `stall`. */
  restore(): Promise<void>;
  /** Connections stay and new ones are accepted, but nothing gets through: a server that hangs. */
  stall(): void;
  /** After `stall`: new connections work, those that stand stay silent for ever. */
  forsake(): void;
  close(): Promise<void>;
}

/** Starts a proxy to a port of this machine. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let stalled = false;
  const pass = (from: Socket, to: Socket): void => {
    sockets.add(from);
    from.on('data', (bytes) => void to.write(bytes));
    from.on('error', () => undefined); // what is cut on purpose reports an error; the close below is what counts
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    if (stalled) from.pause();
  };
  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1');
    pass(client, target);
    pass(target, client);
  });
  const port = await listenSomewhere(server);
  const cut = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    await closed;
  };
  return {
    port,
    cut,
    restore: async () => {
      stalled = false;
      for (const socket of sockets) socket.resume();
      if (!server.listening) await listen(server, port);
    },
    stall: () => {
      stalled = true;
      for (const socket of sockets) socket.pause();
    },
    forsake: () => {
      stalled = false;
    },
    close: cut,
  };
}

async function listenSomewhere(server: Server): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const port = PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from));
    try {
      await listen(server, port);
      return port;
    } catch (error) {
      if (attempt >= 20) throw error;
    }
  }
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}
