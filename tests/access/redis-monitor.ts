/** Every command that Redis is sent, by whomever. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

/**
 * Calls `heard` with the words of each; resolves when it has begun, with what ends it. By hand, because the client library takes a
 * command that comes together with the answer to MONITOR for another answer, and gives up.
 */
export async function monitorRedis(url: string, heard: (words: string[]) => void): Promise<() => void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port || '6379'), hostname);
  const lines = createInterface({ input: socket });
  const begun = once(lines, 'line');
  socket.write('MONITOR\r\n');
  await begun;
  lines.on('line', (line) => heard([...line.matchAll(/"(?:[^"\\]|\\.)*"/g)].map(([word]) => wordOf(word))));
  return () => socket.destroy();
}

/** A word as Redis writes it: escaped like JSON, but for `\xHH` and `\a`. */
function wordOf(quoted: string): string {
  const json = quoted.replace(/\\(x..|.)/g, (escaped, which: string) => {
    if (which.startsWith('x')) return `\\u00${which.slice(1)}`;
    return which === 'a' ? '\\u0007' : escaped;
  });
  return String(JSON.parse(json));
}
