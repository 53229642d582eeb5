/** How a request names its operation: by its text, by the text's hash, or by an id. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Fault } from '../../platform/errors';

/** The fields of a request that say which operation is meant, as the client sent them. */
export interface OperationFields {
  query?: unknown;
  /** May hold `persistedQuery` of Apollo's protocol. */
  extensions?: unknown;
  /** Of the GraphQL-over-HTTP draft: an id, or `sha256:` and the hash. */
  documentId?: unknown;
}

/** What is asked for: `text` as it is, or something that stands for a text. `hash` is SHA-256 of the text, in hexadecimal. */
export type AskedOperation =
  | { kind: 'text'; text: string; hash: string; remember: boolean }
  /** `hash` may also be an id: some generators send theirs in its place. */
  | { kind: 'hash'; hash: string }
  | { kind: 'id'; id: string };

/** Longest id, in characters. */
const LONGEST_ID = 200;

const persistedQuery = z.object({
  version: z.literal(1),
  sha256Hash: z.string().min(1).max(LONGEST_ID),
});

/** Reads it; undefined: the request names none. Throws Fault INVALID_REQUEST for what contradicts itself. */
export function askedOperation({ query, extensions, documentId }: OperationFields): AskedOperation | undefined {
  const text = typeof query === 'string' && query !== '' ? query : undefined;
  if (extensions !== undefined && extensions !== null && !isObject(extensions))
    throw new Fault('INVALID_REQUEST', 'The extensions of a request are an object.');
  const extension = extensions?.['persistedQuery'];
  const named = documentId !== undefined && documentId !== null;
  if (named && (text !== undefined || extension !== undefined))
    throw new Fault('INVALID_REQUEST', 'Send a documentId, or a query, or the extension persistedQuery: not several.');
  if (named) return byDocumentId(documentId);
  if (extension !== undefined && extension !== null) return byExtension(extension, text);
  return text === undefined ? undefined : { kind: 'text', text, hash: sha256(text), remember: false };
}

function byDocumentId(documentId: unknown): AskedOperation {
  if (typeof documentId !== 'string' || documentId === '' || documentId.length > LONGEST_ID)
    throw new Fault('INVALID_REQUEST', `A documentId is a text of 1 to ${LONGEST_ID} characters.`);
  const hash = /^sha256:(.*)$/.exec(documentId)?.[1];
  return hash === undefined ? { kind: 'id', id: documentId } : { kind: 'hash', hash };
}

function byExtension(extension: unknown, text: string | undefined): AskedOperation {
  const { data } = persistedQuery.safeParse(extension);
  if (!data)
    throw new Fault('INVALID_REQUEST', 'The extension persistedQuery has version 1 and the sha256Hash of the text.');
  if (text === undefined) return { kind: 'hash', hash: data.sha256Hash };
  const hash = sha256(text);
  if (hash !== data.sha256Hash)
    throw new Fault('INVALID_REQUEST', 'The sha256Hash is not that of the query: SHA-256 in lower-case hexadecimal.');
  return { kind: 'text', text, hash, remember: true };
}

/** In lower-case hexadecimal. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
