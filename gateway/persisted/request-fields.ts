/** Where a request over HTTP holds its operation, and how a text is put in the place of what stood for it. */
import type { FastifyRequest } from 'fastify';
import type { OperationFields } from './asked-operation';

type Request = Pick<FastifyRequest, 'method' | 'query' | 'body' | 'raw'>;

/** Fields of a POST's body or a GET's address, where `extensions` is JSON; one that is none is left as it is. */
export function operationFields(request: Request): OperationFields {
  if (request.method !== 'GET') return fieldsOf(request.body);
  const { query, extensions, documentId } = fieldsOf(request.query);
  return { query, documentId, extensions: typeof extensions === 'string' ? parsedJson(extensions) : extensions };
}

/** Makes the request as if it had come with the text. */
export function replaceOperation(request: Request, query: string): void {
  if (request.method !== 'GET') {
    request.body = { ...fieldsOf(request.body), query, extensions: {} };
    return;
  }
  request.query = { ...fieldsOf(request.query), query };
  // Apollo Server reads the address itself.
  const url = new URL(request.raw.url ?? '', 'http://gateway');
  url.searchParams.delete('extensions');
  url.searchParams.set('query', query);
  request.raw.url = url.pathname + url.search;
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
