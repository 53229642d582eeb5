/** Manifests of persisted operations, as the generators of Apollo, Relay and graphql-codegen write them. */
import { z } from 'zod';
import { StartProblem } from '../../platform/start-problem';

/** Operations in one manifest, at most. */
const MOST_OPERATIONS = 5_000;

/** One entry: the id under which the application will ask for the text. */
export interface ManifestEntry {
  id: string;
  body: string;
}

/** @apollo/generate-persisted-query-manifest. Name and type stand in the body too, so they are not read. */
const apollo = z.object({
  format: z.literal('apollo-persisted-query-manifest'),
  version: z.literal(1),
  operations: z.array(z.object({ id: z.string(), body: z.string() })),
});
/** Relay's persisted queries, and `persisted-documents.json` of graphql-codegen's client preset: texts by their ids. */
const byId = z.record(z.string(), z.string());

/** Reads a manifest. Throws StartProblem if it is none that is known, or has no operations or too many. */
export function readManifest(text: string): ManifestEntry[] {
  const json = parsed(text);
  const fromApollo = apollo.safeParse(json);
  const fromOthers = byId.safeParse(json);
  if (!fromApollo.success && !fromOthers.success)
    throw new StartProblem(
      'The file is no manifest of persisted operations: Apollo\'s has "format": "apollo-persisted-query-manifest" and ' +
        '"version": 1, those of Relay and graphql-codegen are an object of texts by their ids.',
    );
  const entries = fromApollo.success
    ? fromApollo.data.operations.map(({ id, body }) => ({ id, body }))
    : Object.entries(fromOthers.data ?? {}).map(([id, body]) => ({ id, body }));
  if (entries.length === 0) throw new StartProblem('There are no operations in the manifest.');
  if (entries.length > MOST_OPERATIONS)
    throw new StartProblem(`There are more than ${MOST_OPERATIONS.toLocaleString('en')} operations in the manifest.`);
  return entries;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new StartProblem('The manifest is not JSON.');
  }
}
