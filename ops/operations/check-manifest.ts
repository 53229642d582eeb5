/** Whether operations may be published: what the gateway would refuse later is refused when it is published. */
import { createHash } from 'node:crypto';
import { GraphQLError, Kind, type GraphQLSchema, type OperationDefinitionNode } from 'graphql';
import { checkDocument, parseDocument } from '../../gateway/limits/check-document';
import type { CostTable } from '../../gateway/limits/cost';
import { Fault } from '../../platform/errors';
import { LONGEST_OPERATION } from '../../subgraphs/accounts/messages';
import type { CheckedOperation } from '../../subgraphs/accounts/operations/publish-operations';
import type { ManifestEntry } from './read-manifest';

/** By what operations are judged; the same as at the gateway. */
export interface ManifestRules {
  /** The schema clients see. */
  schema: GraphQLSchema;
  costs: CostTable;
  maximumCost: number;
}

/** Those that are good, and what is wrong with each of the others, a line each. */
export function checkManifest(
  entries: readonly ManifestEntry[],
  rules: ManifestRules,
): { operations: CheckedOperation[]; problems: string[] } {
  const operations: CheckedOperation[] = [];
  const problems: string[] = [];
  const bodies = new Map<string, string>();
  for (const entry of entries) {
    try {
      const other = bodies.get(entry.id);
      if (other !== undefined && other !== entry.body)
        throw new Fault('INVALID_REQUEST', 'The id stands for two texts.');
      if (other === undefined) operations.push(checkEntry(entry, rules));
      bodies.set(entry.id, entry.body);
    } catch (error) {
      problems.push(...reasons(error).map((reason) => `${nameOf(entry)}: ${reason}`));
    }
  }
  return { operations, problems };
}

function checkEntry({ id, body }: ManifestEntry, { schema, costs, maximumCost }: ManifestRules): CheckedOperation {
  const refuse = (reason: string): never => {
    throw new Fault('INVALID_REQUEST', reason);
  };
  const hash = createHash('sha256').update(body).digest('hex');
  if (!/^[\w.:/+=-]{1,200}$/.test(id)) refuse('The id must be 1 to 200 letters, digits and ". : / + = _ -".');
  if (/^[0-9a-f]{64}$/.test(id) && id !== hash) refuse('The id looks like a SHA-256, but is not that of the text.');
  if (body.length > LONGEST_OPERATION)
    refuse(`The text is longer than ${LONGEST_OPERATION.toLocaleString('en')} characters.`);
  const document = parseDocument(body);
  checkDocument(schema, document);
  const found = document.definitions.filter(
    (node): node is OperationDefinitionNode => node.kind === Kind.OPERATION_DEFINITION,
  );
  const [operation] = found;
  if (!operation || found.length > 1) return refuse('The text must have exactly one operation.');
  const cost = costs.costOf(operation, document);
  if (cost > maximumCost) refuse(`It may cost ${cost}; the limit is ${maximumCost}.`);
  return { id, hash, body, name: operation.name?.value ?? 'anonymous', type: operation.operation, cost };
}

function reasons(error: unknown): string[] {
  if (error instanceof AggregateError) return error.errors.flatMap(reasons);
  if (error instanceof Fault || error instanceof GraphQLError) return [error.message];
  throw error;
}

/** By what its author knows it: the name in the text, or the beginning of the id. */
function nameOf({ id, body }: ManifestEntry): string {
  return /\b(?:query|mutation|subscription)\s+(\w{1,100})/.exec(body)?.[1] ?? id.slice(0, 100);
}
