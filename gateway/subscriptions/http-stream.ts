/** One HTTP response that stays open, written in the form of its transport and no faster than its client reads. */
import type { ServerResponse } from 'node:http';
import { streamsCut, streamsOpen } from '../metrics';
import type { Transport } from './transport';

/** How long a client may leave unread what has been written, in milliseconds; then the response is cut. */
const SLOW_MS = 30_000;
/** Time for the last bytes to go out, in milliseconds. */
const FAREWELL_MS = 3_000;

/** What is used of a response. */
type Response = Pick<
  ServerResponse,
  'writeHead' | 'write' | 'end' | 'destroy' | 'once' | 'off' | 'writableNeedDrain' | 'writableEnded' | 'destroyed'
>;

/** A response that has begun. Everything after its end or the client's leaving is dropped. */
export class HttpStream {
  private gone = false;
  private readonly leaving: (() => void)[] = [];

  /** `headers` are those of every answer. */
  constructor(
    private readonly response: Response,
    readonly transport: Transport,
    headers: NodeJS.Dict<number | string | string[]>,
    private readonly slowMs = SLOW_MS,
  ) {
    const { name, contentType, opening, heartbeat, heartbeatMs } = transport;
    response.writeHead(200, {
      ...headers,
      'content-type': contentType,
      'cache-control': 'no-store, no-transform',
      // Asks nginx and its like not to collect what should be sent at once.
      'x-accel-buffering': 'no',
    });
    this.write(opening);
    streamsOpen.inc({ transport: name });
    const pulse = setInterval(() => {
      if (!response.writableNeedDrain) this.write(heartbeat);
    }, heartbeatMs);
    this.atEnd(() => {
      clearInterval(pulse);
      streamsOpen.dec({ transport: name });
    });
    const leave = (): void => {
      this.gone = true;
      for (const listener of this.leaving) listener();
    };
    // It may have gone before it was begun: then nobody will be told.
    if (response.destroyed) leave();
    else response.once('close', leave);
  }

  /** Calls back when the response is over, for whatever reason; at once if it is. */
  atEnd(listener: () => void): void {
    if (this.gone) listener();
    else this.leaving.push(listener);
  }

  /** Writes, and resolves when there is room for more or the response is over. */
  async send(text: string): Promise<void> {
    if (this.write(text)) return;
    await new Promise<void>((resolve) => {
      const { response } = this;
      const settle = (): void => {
        clearTimeout(timer);
        response.off('drain', settle);
        response.off('close', settle);
        resolve();
      };
      const timer = setTimeout(() => {
        streamsCut.inc({ transport: this.transport.name, reason: 'slow' });
        response.destroy();
      }, this.slowMs);
      response.once('drain', settle);
      response.once('close', settle);
    });
  }

  /** Writes the last text and ends. */
  end(text: string): void {
    const { response } = this;
    if (response.writableEnded || response.destroyed) return;
    response.end(text);
    const timer = setTimeout(() => response.destroy(), FAREWELL_MS);
    this.atEnd(() => clearTimeout(timer));
  }

  /** Whether there is room for more. */
  private write(text: string): boolean {
    const { response } = this;
    return response.writableEnded || response.destroyed || response.write(text);
  }
}
