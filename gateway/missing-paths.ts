/**
 * When a fetch fails as a whole, which fields of the client's operation are missing? The gateway library reports such
 * errors without a path; a client needs one at each place that came back empty.
 */
import {
  getDirectiveValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  Kind,
  type DocumentNode,
  type FieldNode,
  type SelectionSetNode,
} from 'graphql';

/** Paths for one fetch, at most. */
const MOST_PATHS = 1_000;

type Path = (string | number)[];
type Variables = Record<string, unknown>;

/**
 * Paths as the subgraph itself would give them: of the fields of root fields, or `["_entities", 2, "stock"]` for each entity
 * and field, which the gateway library translates to places in the client's answer. One step below the root, because
 * another subgraph may have answered the same root field (`me`); place-errors.ts shortens what is missing altogether.
 */
export function missingPaths(document: DocumentNode, variables: Variables): Path[] {
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  if (!operation) return [];
  const roots = fieldsOf(operation.selectionSet, variables);
  const paths = roots.flatMap((root) => (root.name.value === '_entities' ? entityPaths : rootPaths)(root, variables));
  return paths.slice(0, MOST_PATHS);
}

function rootPaths(root: FieldNode, variables: Variables): Path[] {
  const name = responseName(root);
  const below = root.selectionSet ? fieldsOf(root.selectionSet, variables) : [];
  return below.length === 0 ? [[name]] : below.map((field) => [name, responseName(field)]);
}

function entityPaths(field: FieldNode, variables: Variables): Path[] {
  const { representations } = variables;
  if (!Array.isArray(representations) || !field.selectionSet) return [];
  const { selectionSet } = field;
  const byType = new Map<string, string[]>();
  return representations.flatMap((representation: unknown, index): Path[] => {
    const type = typenameOf(representation);
    const names = byType.get(type) ?? fieldsOf(selectionSet, variables, type).map(responseName);
    byType.set(type, names);
    return names.length === 0 ? [['_entities', index]] : names.map((name) => ['_entities', index, name]);
  });
}

/** Fields asked for, those of fragments on `type` included; `__typename` is known anyway. */
function fieldsOf(set: SelectionSetNode, variables: Variables, type?: string): FieldNode[] {
  return set.selections.flatMap((selection): FieldNode[] => {
    if (!isAsked(selection, variables)) return [];
    if (selection.kind === Kind.FIELD) return selection.name.value === '__typename' ? [] : [selection];
    if (selection.kind === Kind.FRAGMENT_SPREAD) return [];
    const condition = selection.typeCondition?.name.value;
    if (type !== undefined && condition !== undefined && condition !== type) return [];
    return fieldsOf(selection.selectionSet, variables, type);
  });
}

function isAsked(selection: SelectionSetNode['selections'][number], variables: Variables): boolean {
  if (!selection.directives?.length) return true;
  const skip = getDirectiveValues(GraphQLSkipDirective, selection, variables);
  const include = getDirectiveValues(GraphQLIncludeDirective, selection, variables);
  return skip?.['if'] !== true && include?.['if'] !== false;
}

function responseName(field: FieldNode): string {
  return field.alias?.value ?? field.name.value;
}

function typenameOf(representation: unknown): string {
  const known = typeof representation === 'object' && representation !== null && '__typename' in representation;
  return known && typeof representation.__typename === 'string' ? representation.__typename : '';
}
