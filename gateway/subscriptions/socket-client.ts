/** One open socket: for whom it speaks, what may wait for it, and how it ends. */
import { WebSocket } from 'ws';
import { ANONYMOUS, type Principal } from '../../platform/auth/principal';
import type { Identity } from '../authenticator';
import { socketsCut, socketsOpen } from '../metrics';
import type { SessionWatch } from '../session-watch';

/** Bytes that may wait for a reader when more comes, at most: then it is too slow. A single answer may be larger. */
const MOST_WAITING = 1_048_576;
/** Pause between pings, in milliseconds; a client that misses one is cut off, so that its subscriptions end. */
const PING_MS = 12_000;
/** Time a client has to answer our closing, in milliseconds. */
const CLOSING_MS = 1_000;
/** Our code for readers that are too slow. */
const SLOW = 4410;
/** The protocol's code for a token that is no good. */
const FORBIDDEN = 4403;

/** Why the gateway ended a socket, in its metrics. */
export type Cut = 'slow' | 'expired' | 'revoked' | 'refused' | 'too_many' | 'init_timeout' | 'missed_ping' | 'restart' | 'protocol'; // prettier-ignore

/** A socket and what belongs to it. */
export class SocketClient {
  principal: Principal = ANONYMOUS;
  /** Nothing is sent or begun for it any more. */
  over = false;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  private readonly undo: (() => void)[] = [];
  private stopWatching = (): unknown => undefined;

  constructor(
    private readonly socket: WebSocket,
    readonly clientAddress: string,
  ) {
    socketsOpen.inc();
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        socketsOpen.dec();
        this.finish();
        resolve();
      });
    });
    this.keepAlive();
  }

  /** Calls `undo` when the client is over, at once if it is. */
  atEnd(undo: () => void): void {
    if (this.over) undo();
    else this.undo.push(undo);
  }

  /** From now on it speaks for this caller, and ends with this session. */
  speakFor(who: Identity, sessions: SessionWatch): void {
    this.principal = who.principal;
    this.stopWatching();
    this.stopWatching = sessions.watch(who, ({ message, details }) =>
      this.end(FORBIDDEN, message, details?.['reason'] === 'TOKEN_EXPIRED' ? 'expired' : 'revoked'),
    );
  }

  /** Resolves when the frame is on its way: that is how a slow reader slows its subscriptions. */
  send(data: string): Promise<void> {
    if (!this.hasRoom()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.socket.send(data, (error) => {
        // To a socket that is going nothing needs to be sent.
        if (error && this.socket.readyState === WebSocket.OPEN) reject(error);
        else resolve();
      });
    });
  }

  /** Ends everything that runs for it at once, and closes; a client that does not answer the closing is cut off. */
  end(code: number, reason: string, why: Cut): void {
    if (this.over) return;
    socketsCut.inc({ reason: why });
    this.finish();
    this.socket.close(code, reason);
    const timer = setTimeout(() => this.socket.terminate(), CLOSING_MS);
    this.socket.once('close', () => clearTimeout(timer));
  }

  /** Whether something may be sent to it; a reader that has left too much lying ends here. */
  private hasRoom(): boolean {
    if (this.socket.bufferedAmount > MOST_WAITING) this.endSlow('slow');
    return !this.over && this.socket.readyState === WebSocket.OPEN;
  }

  private endSlow(why: Cut): void {
    this.end(SLOW, 'Slow reader: resume with your last cursor', why);
  }

  private keepAlive(): void {
    let alive = true;
    this.socket.on('pong', () => (alive = true));
    // By hand, because ws answers without end whoever pings and never reads.
    this.socket.on('ping', (data) => {
      if (this.hasRoom()) this.socket.pong(data);
    });
    const timer = setInterval(() => {
      if (alive) this.socket.ping();
      else this.endSlow(this.socket.bufferedAmount > 0 ? 'slow' : 'missed_ping');
      alive = false;
    }, PING_MS);
    this.atEnd(() => clearInterval(timer));
  }

  private finish(): void {
    if (this.over) return;
    this.over = true;
    this.stopWatching();
    for (const undo of this.undo) undo();
  }
}
