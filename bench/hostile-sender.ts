/** Somebody who means harm: hostile requests, and beside them bodies that never end; a process of its own. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { Pool } from 'undici';
import { hostileRequests, longestAnswer, wrongWith } from '../tests/support/hostile';

/** Bodies under way that never end. */
const SLOW = 20;

/** What is sent where, by how many who each wait for an answer before they send the next. */
export interface Attack {
  url: string;
  seed: number;
  count: number;
  atOnce: number;
}

/** What came of it. */
export interface AttackSeen {
  /** How often answers had a status. */
  statuses: Record<string, number>;
  /** How often what was wrong with answers to which kind of request; a broken connection too. */
  wrong: Record<string, number>;
  /** What each kind waited for its answers. */
  milliseconds: Record<string, number[]>;
  /** Bytes by which an answer was longer than it may be, at most. */
  excess: number;
  /** Part of the time in which this process itself was at work. */
  utilization: number;
}

/** How long a body that never ends was waited for, and the status it got. */
export interface SlowBody {
  milliseconds: number;
  status: string;
}

let slowBodies: Promise<SlowBody[]> = Promise.resolve([]);

async function attack({ url, seed, count, atOnce }: Attack): Promise<AttackSeen> {
  const seen: AttackSeen = { statuses: {}, wrong: {}, milliseconds: {}, excess: -Infinity, utilization: 0 };
  const pool = new Pool(url, { connections: atOnce });
  const source = hostileRequests('me', seed);
  let left = count;
  const hostile = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const request = source.next();
      const { kind, body, headers } = request;
      const at = performance.now();
      let wrong: string | undefined = 'broken';
      try {
        const { statusCode, body: answered } = await pool.request({ method: 'POST', path: '/graphql', body, headers });
        const answer = await answered.text();
        (seen.milliseconds[kind] ??= []).push(performance.now() - at);
        add(seen.statuses, String(statusCode));
        seen.excess = Math.max(seen.excess, Buffer.byteLength(answer) - longestAnswer(request));
        wrong = wrongWith(request, statusCode, answer);
      } catch {
        // Counted below, as what was wrong at last.
      }
      if (wrong) add(seen.wrong, `${kind} ${wrong}`);
    }
  };
  const slow = async (): Promise<SlowBody[]> => {
    const seenSlow = [];
    while (left > 0) seenSlow.push(await neverEnding(url));
    return seenSlow;
  };
  const before = performance.eventLoopUtilization();
  slowBodies = Promise.all(Array.from({ length: SLOW }, slow)).then((all) => all.flat());
  await Promise.all(Array.from({ length: atOnce }, hostile));
  seen.utilization = performance.eventLoopUtilization(before).utilization;
  await pool.close();
  return seen;
}

function add(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

/** A body of which a byte comes each second, until the connection is closed. */
async function neverEnding(url: string): Promise<SlowBody> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let status = 'none';
  socket.on('error', () => undefined);
  socket.on('data', (data) => (status = data.toString('latin1').slice('HTTP/1.1 '.length).slice(0, 3)));
  socket.write('POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n{');
  const at = performance.now();
  const dripping = setInterval(() => socket.write(' '), 1_000);
  await once(socket, 'close');
  clearInterval(dripping);
  return { milliseconds: performance.now() - at, status };
}

/** An attack, or `slow`: what became of the bodies that never ended, once all have been cut. */
process.on('message', (task: Attack | 'slow') => {
  void (task === 'slow' ? slowBodies : attack(task)).then(
    (seen) => process.send?.(seen),
    () => process.exit(1),
  );
});
process.on('disconnect', () => process.exit(0));
