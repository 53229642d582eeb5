/** One streamed HTTP response as it comes, read by hand. */
import { Agent, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';

/** What is asked. */
export interface RawRequest {
  method?: 'GET' | 'POST';
  path?: string;
  headers?: Record<string, string>;
  body?: unknown;
}

/** A response that stays open. */
export interface RawStream {
  status: number;
  headers: IncomingHttpHeaders;
  /** All that has come so far. */
  text(): string;
  /** Whether the server has ended the response, or cut it. */
  ended(): 'no' | 'whole' | 'cut';
  /** Stops reading, so that what the server sends piles up. */
  stall(): void;
  leave(): void;
}

const agent = new Agent({ keepAlive: false });

/** Resolves when the head of the response is there. */
export function openRaw(port: number, asked: RawRequest): Promise<RawStream> {
  const { method = 'POST', path = '/graphql', headers, body } = asked;
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, agent, method, path, headers }, (response) =>
      resolve(reading(response, () => sent.destroy())),
    );
    sent.on('error', reject);
    if (body !== undefined) sent.setHeader('content-type', 'application/json');
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function reading(response: IncomingMessage, leave: () => void): RawStream {
  let text = '';
  let ended: ReturnType<RawStream['ended']> = 'no';
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => (text += chunk));
  response.on('end', () => (ended = 'whole'));
  response.on('error', () => (ended = 'cut'));
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: () => text,
    ended: () => ended,
    stall: () => void response.pause(),
    leave,
  };
}

/** One event of an event stream. */
export interface ServerSentEvent {
  event?: string;
  id?: string;
  data?: unknown;
}

/** The events in the text so far; `data` is parsed. Comments are left out. */
export function eventsOf(text: string): ServerSentEvent[] {
  return text
    .split('\n\n')
    .filter((block) => /^(event|data|id):/m.test(block) && text.includes(`${block}\n\n`))
    .map((block) => {
      const fields = Object.fromEntries(
        block.split('\n').map((line) => {
          const colon = line.indexOf(':');
          return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
        }),
      );
      const data: unknown = fields['data'] ? JSON.parse(fields['data']) : undefined;
      return { event: fields['event'], id: fields['id'], data };
    });
}

/** The parts of a multipart body so far, those that are whole; heartbeats too. */
export function partsOf(text: string): unknown[] {
  return text
    .split('\r\n--graphql')
    .slice(1, -1)
    .map((part) => JSON.parse(part.slice(part.indexOf('\r\n\r\n'))) as unknown);
}
