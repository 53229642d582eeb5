/** Results from a stream of lines, one JSON text each; empty lines are heartbeats. */
import type { Readable } from 'node:stream';
import { Fault } from '../platform/errors';
import type { SubgraphResult } from '../platform/graph/endpoint';

const DONE = { done: true, value: undefined } as const;

/**
 * Reads on demand, so a slow reader slows the sender. A stream that is cut off rejects with Fault SERVICE_UNAVAILABLE; one
 * that ends is done. `return()` lets go at once, also while waiting for the next line.
 */
export class LineStream implements AsyncIterableIterator<SubgraphResult> {
  private readonly chunks: AsyncIterator<unknown>;
  private lines: string[] = [];
  private rest = '';
  private closed = false;

  constructor(
    private readonly source: Readable,
    private readonly decode: (line: string) => SubgraphResult,
  ) {
    source.setEncoding('utf8');
    // Reported by next(); without a listener a cut while nobody reads would end the process.
    source.on('error', () => undefined);
    this.chunks = source[Symbol.asyncIterator]();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<SubgraphResult, undefined>> {
    try {
      while (!this.closed) {
        const line = this.lines.shift();
        if (line !== undefined && line !== '') return { done: false, value: this.decode(line) };
        if (line === undefined && !(await this.readMore())) return DONE;
      }
      return DONE;
    } catch (error) {
      // Letting go cuts the stream as well.
      if (this.closed) return DONE;
      this.close();
      throw new Fault('SERVICE_UNAVAILABLE', undefined, undefined, { cause: error });
    }
  }

  async return(): Promise<IteratorResult<SubgraphResult, undefined>> {
    this.close();
    return DONE;
  }

  private close(): void {
    this.closed = true;
    this.source.destroy();
  }

  private async readMore(): Promise<boolean> {
    const chunk = await this.chunks.next();
    if (chunk.done) return false;
    const lines = (this.rest + String(chunk.value)).split('\n');
    this.rest = lines.pop() ?? '';
    this.lines.push(...lines);
    return true;
  }
}
