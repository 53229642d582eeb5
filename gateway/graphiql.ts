/** GraphiQL for a person who opens /graphql in a browser: the page, its libraries and its tabs, all from local files. */
import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Fault } from '../platform/errors';
import { PROJECT_ROOT } from '../platform/root';

/** Our own files: the page, its script, and an operation for each tab, in the order of their names. */
const FOLDER = join(PROJECT_ROOT, 'gateway', 'graphiql');
/** How long a browser keeps the libraries, in seconds. */
const KEEP_SECONDS = 3_600;

/** Scripts from here only; GraphiQL sets styles on elements and carries its fonts inside its style sheet. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: https:; font-src data:; " +
  "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const TYPES: Record<string, string> = { '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8' };

/** What a tab shows; GraphiQL names it after its first operation. */
interface Tab {
  query: string;
  variables?: string;
}

/** The page; sets the headers of its answer. */
export function graphiqlPage(reply: Pick<FastifyReply, 'header' | 'type'>): string {
  reply.header('content-security-policy', PAGE_POLICY);
  reply.header('cache-control', 'no-cache');
  reply.header('vary', 'accept');
  reply.type('text/html; charset=utf-8');
  return readFileSync(join(FOLDER, 'index.html'), 'utf8');
}

/** Adds the files the page loads. */
export function addGraphiql(fastify: FastifyInstance): void {
  const files = servedFiles();
  const tabs = readTabs();
  fastify.get('/graphiql/tabs.json', (_request, reply) => reply.header('cache-control', 'no-cache').send(tabs));
  fastify.get<{ Params: { file: string } }>('/graphiql/:file', (request, reply) => {
    const path = files.get(request.params.file);
    if (path === undefined) throw new Fault('NOT_FOUND');
    return reply
      .type(TYPES[extname(path)] ?? 'application/octet-stream')
      .header('cache-control', `public, max-age=${KEEP_SECONDS}`)
      .send(createReadStream(path));
  });
}

/** File name in the address to path on disk: nothing else can be asked for. */
function servedFiles(): Map<string, string> {
  const inPackage = (name: string, path: string): string =>
    join(dirname(require.resolve(`${name}/package.json`)), path);
  const socketClient = dirname(require.resolve('graphql-ws/client'));
  // The client is an ES module that imports a file of common code beside it.
  const modules = readdirSync(socketClient).filter((file) => /^(client|common-[\w-]+)\.js$/.test(file));
  const paths = [
    join(FOLDER, 'start.js'),
    inPackage('graphiql', 'graphiql.min.js'),
    inPackage('graphiql', 'graphiql.min.css'),
    inPackage('react', 'umd/react.production.min.js'),
    inPackage('react-dom', 'umd/react-dom.production.min.js'),
    ...modules.map((file) => join(socketClient, file)),
  ];
  return new Map(paths.map((path) => [basename(path), path]));
}

function readTabs(): Tab[] {
  const names = readdirSync(FOLDER).sort();
  return names
    .filter((name) => name.endsWith('.graphql'))
    .map((name) => {
      const variables = name.replace(/\.graphql$/, '.json');
      return {
        query: readFileSync(join(FOLDER, name), 'utf8'),
        ...(names.includes(variables) && { variables: readFileSync(join(FOLDER, variables), 'utf8') }),
      };
    });
}
