/** What a proxy understands of the protocols it carries: where in them a service commits, publishes, acknowledges or pays. */
import { MessageReader, type Framing } from './message-reader';
import type { Act } from './points';

/** An act that has just been seen. `before`: these bytes would carry it out; `after`: they tell that it was. */
export interface Sighting {
  side: 'before' | 'after';
  act: Act;
}

/** Watches one connection. */
export interface Watcher {
  fromService(bytes: Buffer): Sighting[];
  fromServer(bytes: Buffer): Sighting[];
}

/** PostgreSQL's protocol, version 3: a byte of type, then the length, which counts itself. */
const POSTGRES: Framing = {
  header: 5,
  read: (header) => ({ kind: header.readUInt8(0), length: header.readInt32BE(1) - 4 }),
};
/** The first message of a session has no type. */
const STARTUP: Framing = { header: 4, read: (header) => ({ kind: 0, length: header.readInt32BE(0) - 4 }) };

const [QUERY, PARSE, COMPLETE, READY, FAILED] = ['Q', 'P', 'C', 'Z', 'E'].map((type) => type.charCodeAt(0));
const IDLE = 'I'.charCodeAt(0);

/** Sees COMMIT, and statements that change rows by themselves. */
export function watchPostgres(): Watcher {
  const startup = new MessageReader(STARTUP);
  let started = false;
  const service = new MessageReader(POSTGRES);
  const server = new MessageReader(POSTGRES);
  let idle = true;
  let under: Act | null = null;
  return {
    fromService(bytes) {
      if (!started) {
        // The client waits for an answer before it says more.
        started = startup.read(bytes).length > 0;
        return [];
      }
      const sightings: Sighting[] = [];
      for (const { kind, head } of service.read(bytes)) {
        const act = kind === QUERY || kind === PARSE ? actOf(sqlOf(kind, head), idle) : null;
        if (!act) continue;
        under = act;
        sightings.push({ side: 'before', act });
      }
      return sightings;
    },
    fromServer(bytes) {
      const sightings: Sighting[] = [];
      for (const { kind, head } of server.read(bytes)) {
        if (kind === COMPLETE && under !== null && !head.toString('latin1').startsWith('ROLLBACK')) {
          sightings.push({ side: 'after', act: under });
          under = null;
        }
        if (kind === FAILED) under = null;
        if (kind === READY) idle = head[0] === IDLE;
      }
      return sightings;
    },
  };
}

/** A statement is named in Parse, and the name comes first. */
function sqlOf(kind: number, head: Buffer): string {
  return head.toString('latin1', kind === PARSE ? head.indexOf(0) + 1 : 0);
}

function actOf(sql: string, idle: boolean): Act | null {
  if (/^\s*COMMIT\b/i.test(sql)) return 'commit';
  return idle && /^\s*(INSERT|UPDATE|DELETE|WITH\b[^;]*\b(INSERT INTO|UPDATE|DELETE FROM))\b/i.test(sql)
    ? 'write'
    : null;
}

/** AMQP 0-9-1: type, channel, length; then as many bytes and an end mark. */
const AMQP: Framing = {
  header: 7,
  read: (header) => ({ kind: header.readUInt8(0), length: header.readUInt32BE(3) + 1 }),
};
const METHOD = 1;
const HEADER = 2;
const BODY = 3;
/** Class `basic`, method `publish` and `ack`, as the first four bytes of a method frame. */
const PUBLISH = (60 << 16) | 40;
const ACK = (60 << 16) | 80;
const PROTOCOL_HEADER = 8;

/** Sees messages published, the broker's confirms, and acknowledgements of deliveries. */
export function watchAmqp(): Watcher {
  const service = new MessageReader(AMQP, PROTOCOL_HEADER);
  const server = new MessageReader(AMQP);
  return {
    fromService: (bytes) =>
      service.read(bytes).flatMap(({ kind, head }): Sighting[] => {
        if (kind === METHOD && head.readUInt32BE(0) === PUBLISH) return [{ side: 'before', act: 'publish' }];
        if (kind === METHOD && head.readUInt32BE(0) === ACK) {
          return [
            { side: 'before', act: 'acknowledgement' },
            { side: 'after', act: 'acknowledgement' },
          ];
        }
        // Bodies are small: one frame each. An empty one has no frame, and its header says so.
        const whole = kind === BODY || (kind === HEADER && head.readBigUInt64BE(4) === 0n);
        return whole ? [{ side: 'after', act: 'publish' }] : [];
      }),
    fromServer: (bytes) =>
      server.read(bytes).flatMap(({ kind, head }): Sighting[] =>
        kind === METHOD && head.readUInt32BE(0) === ACK
          ? [
              { side: 'before', act: 'confirm' },
              { side: 'after', act: 'confirm' },
            ]
          : [],
      ),
  };
}

/** Sees requests to the payment provider that may move money, and their answers. One at a time on a connection. */
export function watchProvider(): Watcher {
  let asked = false;
  return {
    fromService(bytes) {
      if (!bytes.subarray(0, 5).equals(Buffer.from('POST '))) return [];
      asked = true;
      return [{ side: 'before', act: 'provider call' }];
    },
    fromServer() {
      const answered = asked;
      asked = false;
      return answered ? [{ side: 'after', act: 'provider call' }] : [];
    },
  };
}
