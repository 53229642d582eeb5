/**
 * `npm run schema`: writes what each subgraph offers, composes the supergraph the gateway boots from, the API schema that clients
 * see, and the part of it that API clients of partners do. With `--check` it writes nothing and fails on drift, on a composition hint, on a missing description, and on a
 * breaking change against schema/released.graphql, which only a release changes.
 */
import 'reflect-metadata';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { composeServices } from '@apollo/composition';
import { buildSchema, lexicographicSortSchema, parse, printSchema, type GraphQLSchema } from 'graphql';
import { SUBGRAPHS } from '../platform/config';
import { buildSubgraph } from '../platform/graph/schema';
import { PROJECT_ROOT } from '../platform/root';
import { SUBGRAPH_DEFINITIONS } from '../subgraphs';
import { breakingChanges, undescribed } from './checks';
import { partnerContract } from './partner-contract';

const FOLDER = path.join(PROJECT_ROOT, 'schema');

/** Emitted files by name, and everything that is wrong with them. */
async function emit(): Promise<{ files: Map<string, string>; problems: string[] }> {
  const files = new Map<string, string>();
  const services = [];
  for (const name of SUBGRAPHS) {
    const { sdl } = await buildSubgraph(SUBGRAPH_DEFINITIONS[name]);
    files.set(`${name}.graphql`, `${sdl}\n`);
    services.push({ name, url: `http://${name}`, typeDefs: parse(sdl) });
  }
  const composed = composeServices(services);
  if (composed.errors) return { files, problems: composed.errors.map((error) => `composition: ${error.message}`) };
  const api = lexicographicSortSchema(composed.schema.toAPISchema().toGraphQLJSSchema());
  files.set('supergraph.graphql', `${composed.supergraphSdl}\n`);
  files.set('api.graphql', `${printSchema(api)}\n`);
  const contract = partnerContract(
    services.map(({ typeDefs }) => typeDefs),
    api,
  );
  files.set('partner.graphql', `${contract.sdl}\n`);
  const problems = [
    ...contract.lost.map((name) => `tagged "partner", but what it gives is not: ${name}`),
    ...composed.hints.map((hint) => `composition hint: ${hint.message}`),
    ...undescribed(api).map((name) => `no description: ${name}`),
    ...breaking(api).map((change) => `breaking: ${change}`),
  ];
  return { files, problems };
}

function breaking(api: GraphQLSchema): string[] {
  const released = path.join(FOLDER, 'released.graphql');
  return existsSync(released) ? breakingChanges(buildSchema(readFileSync(released, 'utf8')), api) : [];
}

async function main(): Promise<void> {
  const check = process.argv.includes('--check');
  const { files, problems } = await emit();
  for (const [name, content] of files) {
    const file = path.join(FOLDER, name);
    if (!check) writeFileSync(file, content);
    else if (!existsSync(file) || readFileSync(file, 'utf8') !== content) {
      problems.push(`drift: schema/${name} is not what the code says; run npm run schema`);
    }
  }
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.stdout.write(`schema: ${files.size} files ${check ? 'checked' : 'written'}, ${problems.length} problems\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

void main();
