/**
 * How large the operations of a document are, fragments counted at each use. Linear in the document: each fragment is
 * measured once, so one that doubles itself through others costs no more to look at than to write.
 */
import {
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/** Size of a set of selections. Numbers that double themselves end at Infinity. */
export interface Size {
  /** Levels of fields below one another. */
  depth: number;
  /** Levels of braces: inline fragments count too. */
  nesting: number;
  fields: number;
  /** Fields that are given another name, `__typename` among them. */
  aliases: number;
}

interface Measure {
  graph: Size;
  /** What stands below `__schema` and `__type`, with these. */
  introspection: Size;
  /** Names of the fields of this very level, by how often they stand there. */
  names: ReadonlyMap<string, number>;
}

/** Sizes of a whole document. */
export interface DocumentSize {
  operations: (Omit<Measure, 'names'> & { rootFields: number; mutations: ReadonlyMap<string, number> })[];
  /** Selections as they are written, in fragments that nobody uses too. */
  selections: number;
  /** Most directives at one place. */
  directives: number;
  /** Variables of all operations. */
  variables: number;
  /** Levels of braces and fragments at which the looking has ended, at most {@link DEEPEST}. */
  levels: number;
  /** Whether a fragment contains itself: then the rest says nothing. */
  cyclic: boolean;
}

/** Deeper than this nobody looks: it would take a stack as deep. */
export const DEEPEST = 200;

const NOTHING: Size = { depth: 0, nesting: 0, fields: 0, aliases: 0 };
const EMPTY: Measure = { graph: NOTHING, introspection: NOTHING, names: new Map() };

/** Measures the document. The document need not fit a schema. */
export function sizeOf(document: DocumentNode): DocumentSize {
  const size: DocumentSize = {
    operations: [],
    selections: 0,
    directives: 0,
    variables: 0,
    levels: 0,
    cyclic: false,
  };
  let level = 0;
  const fragments = new Map<string, SelectionSetNode>();
  const measured = new Map<string, Measure | 'open'>();

  const countDirectives = (node: { directives?: readonly unknown[] }): void => {
    size.directives = Math.max(size.directives, node.directives?.length ?? 0);
  };
  const fragment = (name: string): Measure => {
    const known = measured.get(name);
    const set = fragments.get(name);
    if (known === 'open') size.cyclic = true;
    if (known !== undefined || !set) return known === 'open' || known === undefined ? EMPTY : known;
    measured.set(name, 'open');
    const measure = measureSet(set);
    measured.set(name, measure);
    return measure;
  };
  const measureSet = (set: SelectionSetNode): Measure => {
    level += 1;
    size.levels = Math.max(size.levels, level);
    const measure = level > DEEPEST ? EMPTY : measureSelections(set);
    level -= 1;
    return measure;
  };
  const measureSelections = (set: SelectionSetNode): Measure => {
    let { graph, introspection } = EMPTY;
    const names = new Map<string, number>();
    for (const selection of set.selections) {
      size.selections += 1;
      countDirectives(selection);
      let inner: Omit<Measure, 'names'>;
      if (selection.kind === Kind.FIELD) {
        const name = selection.name.value;
        names.set(name, (names.get(name) ?? 0) + 1);
        const below = selection.selectionSet ? measureSet(selection.selectionSet) : EMPTY;
        const field = under(below.graph, selection.alias !== undefined);
        inner =
          name === '__schema' || name === '__type'
            ? { graph: NOTHING, introspection: field }
            : { graph: field, introspection: below.introspection };
      } else {
        const spread =
          selection.kind === Kind.FRAGMENT_SPREAD ? fragment(selection.name.value) : measureSet(selection.selectionSet);
        for (const [name, count] of spread.names) names.set(name, (names.get(name) ?? 0) + count);
        inner = { graph: nested(spread.graph), introspection: nested(spread.introspection) };
      }
      graph = together(graph, inner.graph);
      introspection = together(introspection, inner.introspection);
    }
    return { graph, introspection, names };
  };

  const operations: OperationDefinitionNode[] = [];
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition.selectionSet);
    if (definition.kind === Kind.OPERATION_DEFINITION) operations.push(definition);
    if ('directives' in definition) countDirectives(definition);
  }
  for (const operation of operations) {
    operation.variableDefinitions?.forEach(countDirectives);
    size.variables += operation.variableDefinitions?.length ?? 0;
    const { graph, introspection, names } = measureSet(operation.selectionSet);
    const rootFields = [...names.values()].reduce((sum, count) => sum + count, 0);
    const mutations = operation.operation === OperationTypeNode.MUTATION ? names : EMPTY.names;
    size.operations.push({ graph, introspection, rootFields, mutations });
  }
  // Those that no operation uses: validation looks at them as well.
  for (const name of fragments.keys()) fragment(name);
  return size;
}

function under(inner: Size, aliased: boolean): Size {
  const { depth, nesting, fields, aliases } = inner;
  return { depth: depth + 1, nesting: nesting + 1, fields: fields + 1, aliases: aliases + (aliased ? 1 : 0) };
}

function nested(inner: Size): Size {
  return inner === NOTHING ? inner : { ...inner, nesting: inner.nesting + 1 };
}

function together(one: Size, other: Size): Size {
  if (one === NOTHING || other === NOTHING) return one === NOTHING ? other : one;
  return {
    depth: Math.max(one.depth, other.depth),
    nesting: Math.max(one.nesting, other.nesting),
    fields: one.fields + other.fields,
    aliases: one.aliases + other.aliases,
  };
}
