/** Requests of somebody who means harm, by a seed: the same seed, the same requests. */
import { gzipSync } from 'node:zlib';
import { seededRandom } from '../../platform/random';

/** One request: what is posted to /graphql. */
export interface HostileRequest {
  kind: string;
  body: string | Buffer;
  headers: Record<string, string>;
}

const JSON_HEADERS = { 'content-type': 'application/json' };
/** Bodies of a few kilobytes that unfold to megabytes, by how many. Made once each: it takes longer than to refuse them. */
const bombs = new Map<number, Buffer>();
function bombOf(megabytes: number): Buffer {
  const bomb = bombs.get(megabytes) ?? gzipSync(Buffer.alloc(megabytes * 1_000_000));
  bombs.set(megabytes, bomb);
  return bomb;
}
const repeat = (count: number, of: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => of(index)).join(' ');

/** Documents and bodies by what is wrong with them; `field` is a field of Query that has an object with an `id`. */
function makers(field: string): Record<string, (size: (most: number) => number) => unknown> {
  return {
    deep: (size) => ({ query: `{${field}`.repeat(16 + size(4_000)) }),
    deepClosed: (size) => {
      const levels = 16 + size(2_000);
      return { query: `{${field}`.repeat(levels) + '}'.repeat(levels) };
    },
    deepInline: (size) => {
      const levels = 50 + size(2_000);
      return { query: `{ ${'... { '.repeat(levels)} ${field} { id } ${'}'.repeat(levels)} }` };
    },
    wide: (size) => ({ query: `{ ${field} { ${'id '.repeat(1_001 + size(5_000))}} }` }),
    roots: (size) => ({ query: `{ ${repeat(21 + size(2_000), (index) => `a${index}: ${field} { id }`)} }` }),
    aliases: (size) => ({ query: `{ ${field} { ${repeat(51 + size(3_000), (index) => `a${index}: __typename`)} } }` }),
    duplicates: (size) => ({ query: `{ ${repeat(21 + size(3_000), () => `${field} { id }`)} }` }),
    conflicts: (size) => ({ query: `{ ${field} { ${repeat(2 + size(48), (index) => `a: id a: nothing${index}`)} } }` }),
    cycles: (size) => {
      const count = 2 + size(300);
      const next = (index: number): string => `...F${(index + 1) % count}`;
      return {
        query: `{ ...F0 } ${repeat(count, (index) => `fragment F${index} on Query { ${next(index)} ${next(index)} }`)}`,
      };
    },
    doubling: (size) => {
      const count = 11 + size(180);
      const fragments = repeat(count, (index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`);
      return { query: `{ ...F0 } ${fragments} fragment F${count} on Query { ${field} { id } }` };
    },
    directives: (size) => ({ query: `{ ${field} ${'@include(if: true) '.repeat(6 + size(4_000))}{ id } }` }),
    unknownDirectives: (size) => ({ query: `{ ${field} { id ${repeat(1 + size(5), (index) => `@d${index}`)} } }` }),
    unknownFields: (size) => ({ query: `{ ${repeat(1 + size(19), (index) => `nothing${index}`)} }` }),
    longName: (size) => ({ query: `{ ${'a'.repeat(1 + size(500_000))} }` }),
    tokens: (size) => ({ query: `{ ${'a '.repeat(10_001 + size(20_000))}}` }),
    values: (size) => ({ query: `{ ${field}(x: ${'['.repeat(1 + size(10_000))}) { id } }` }),
    objects: (size) => {
      const levels = 1 + size(3_000);
      return { query: `{ ${field}(x: ${'{a:'.repeat(levels)}1${'}'.repeat(levels)}) { id } }` };
    },
    introspection: (size) => {
      const levels = 4 + size(100);
      return { query: `{ __schema { types { ${'fields { type { '.repeat(levels)} name ${'} }'.repeat(levels)} } } }` };
    },
    logins: (size) => ({
      query: `mutation { ${repeat(2 + size(1_000), (index) => `a${index}: login { __typename }`)} }`,
    }),
    variables: (size) => ({
      query: `query (${repeat(1 + size(3_000), (index) => `$v${index}: Int!`)}) { ${field} { id } }`,
      variables: {},
    }),
    wrongTypes: (size) => ({ query: [1, {}, [], null, true][size(5)], variables: [[], 'x', 7][size(3)] }),
    deepVariables: (size) => {
      const levels = 1 + size(50_000);
      const variables = `{"v":${'['.repeat(levels)}${']'.repeat(levels)}}`;
      return `{"query":"query ($v: Int) { ${field} @include(if: $v) { id } }","variables":${variables}}`;
    },
    batch: (size) => Array.from({ length: 1 + size(100) }, () => ({ query: '{ __typename }' })),
    notJson: (size) => ['{', '', 'null', '[', '{"query":', '\u0000', '{"query":"{ a }"}}', '"x"'][size(8)],
    noise: (size) => Buffer.from(Array.from({ length: 1 + size(2_000) }, () => size(256))),
    proto: () =>
      '{"query":"{ __typename }","variables":{"__proto__":{"x":1},"constructor":{}},"operationName":"__proto__"}',
    hash: (size) => ({ extensions: { persistedQuery: { version: size(3), sha256Hash: 'x'.repeat(size(5_000)) } } }),
    bomb: (size) => bombOf(1 + size(5)),
    form: () => `query=${encodeURIComponent('mutation { logout { __typename } }')}`,
  };
}

/** The kinds of requests there are, and how to make the next of one. */
export function hostileRequests(field: string, seed: number): { kinds: string[]; next(): HostileRequest } {
  const random = seededRandom(seed);
  // Small ones often, large ones sometimes.
  const size = (most: number): number => Math.floor(random() ** 2 * most);
  const kinds = Object.entries(makers(field));
  return {
    kinds: kinds.map(([kind]) => kind),
    next: () => {
      const [kind, make] = kinds[Math.floor(random() * kinds.length)]!;
      const made = make(size);
      const body = typeof made === 'string' || Buffer.isBuffer(made) ? made : JSON.stringify(made ?? null);
      const headers: Record<string, string> = { ...JSON_HEADERS };
      if (kind === 'bomb') headers['content-encoding'] = 'gzip';
      if (kind === 'form') headers['content-type'] = 'application/x-www-form-urlencoded';
      return { kind, body, headers };
    },
  };
}

/** Bytes an answer to it may have. */
export function longestAnswer({ body }: HostileRequest): number {
  return Math.max(1_024, Buffer.byteLength(body));
}

/** What is wrong with an answer to it; undefined: nothing. */
export function wrongWith(request: HostileRequest, status: number, answer: string): string | undefined {
  const { data, errors = [] } = JSON.parse(answer) as { data?: unknown; errors?: { extensions: { code: string } }[] };
  if (status >= 500 || errors.some(({ extensions }) => /INTERNAL|UNAVAILABLE/.test(extensions.code))) return 'failed';
  if (data !== undefined) return 'not refused';
  if (Buffer.byteLength(answer) > longestAnswer(request)) return 'long';
  if (/node_modules|\.ts:|\bat .*\(|127\.0\.0\.1|RangeError|call stack/.test(answer)) return 'leaks';
  return undefined;
}
