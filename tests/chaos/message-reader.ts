/** Cutting a stream of bytes into a protocol's messages without keeping them: what is needed is at their beginning. */

/** How a protocol frames its messages. */
export interface Framing {
  /** Bytes of a header. */
  header: number;
  /** Kind of the message, and how many bytes follow the header. */
  read(header: Buffer): { kind: number; length: number };
}

/** One whole message: its kind and the first bytes of what it carries. */
export interface Message {
  kind: number;
  head: Buffer;
}

/** Bytes kept of each message. */
const HEAD = 600;

/** Reads one direction of a connection. */
export class MessageReader {
  private readonly pending: Buffer[] = [];
  private pendingLength = 0;
  /** The message being read. */
  private current?: { kind: number; left: number; head: Buffer[]; headLength: number };

  /** `skip`: bytes before the first message. */
  constructor(
    private readonly framing: Framing,
    private skip = 0,
  ) {}

  /** The messages that these bytes complete. */
  read(bytes: Buffer): Message[] {
    const done: Message[] = [];
    let rest = bytes.subarray(Math.min(this.skip, bytes.length));
    this.skip -= bytes.length - rest.length;
    while (rest.length > 0) {
      rest = this.current ? rest : this.readHeader(rest);
      if (!this.current) break;
      rest = this.readBody(this.current, rest);
      if (this.current.left > 0) break;
      done.push({ kind: this.current.kind, head: Buffer.concat(this.current.head) });
      this.current = undefined;
    }
    return done;
  }

  private readHeader(bytes: Buffer): Buffer {
    const part = bytes.subarray(0, this.framing.header - this.pendingLength);
    this.pending.push(part);
    this.pendingLength += part.length;
    if (this.pendingLength === this.framing.header) {
      const { kind, length } = this.framing.read(Buffer.concat(this.pending));
      this.current = { kind, left: length, head: [], headLength: 0 };
      this.pending.length = 0;
      this.pendingLength = 0;
    }
    return bytes.subarray(part.length);
  }

  private readBody(message: NonNullable<typeof this.current>, bytes: Buffer): Buffer {
    const part = bytes.subarray(0, message.left);
    const kept = part.subarray(0, Math.max(0, HEAD - message.headLength));
    if (kept.length > 0) message.head.push(kept);
    message.headLength += kept.length;
    message.left -= part.length;
    return bytes.subarray(part.length);
  }
}
