/**
 * What an operation may cost, before it is planned: one for each object it can give, ten for each mutation. Sizes of lists
 * come from the schema (`@listSize`, `@cost`, as in https://ibm.github.io/graphql-specs/cost-spec.html) and the arguments.
 */
import {
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isObjectType,
  getNullableType,
  Kind,
  parse,
  valueFromASTUntyped,
  visit,
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/** A list of objects of which the schema says nothing. */
const ASSUMED_SIZE = 5;
/** Pages are no larger, so a larger number asked for, which the subgraph refuses by name, costs no more here. */
const LARGEST_PAGE = 100;
const MUTATION = 10;

type Variables = Record<string, unknown>;

/** What the schema says of a field. */
interface FieldCost {
  weight?: number;
  assumedSize?: number;
  slicingArguments: readonly string[];
  sizedFields: readonly string[];
}

/** Costs of a schema's fields. */
export class CostTable {
  /** By `Type.field`. */
  private readonly fields = new Map<string, FieldCost>();

  /** `schema` is what clients see of the supergraph. */
  constructor(
    supergraphSdl: string,
    private readonly schema: GraphQLSchema,
  ) {
    let type = '';
    const enterType = (node: { name: { value: string } }): undefined => void (type = node.name.value);
    visit(parse(supergraphSdl, { noLocation: true }), {
      ObjectTypeDefinition: enterType,
      InterfaceTypeDefinition: enterType,
      FieldDefinition: ({ name, directives }) => {
        const cost = fieldCost(directives ?? []);
        if (cost) this.fields.set(`${type}.${name.value}`, cost);
      },
    });
  }

  /** The cost of a valid operation of bounded size; both branches of `@skip` and `@include` count. */
  costOf(operation: OperationDefinitionNode, document: DocumentNode, given: Variables = {}): number {
    const root = this.schema.getRootType(operation.operation);
    if (!root) return 0;
    const defaults = (operation.variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
      defaultValue ? [[variable.name.value, valueFromASTUntyped(defaultValue)] as const] : [],
    );
    const variables: Variables = { ...Object.fromEntries(defaults), ...given };
    const fragments = new Map(
      document.definitions.flatMap((node) =>
        node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node] as const] : [],
      ),
    );
    const ofSet = (set: SelectionSetNode, parent: GraphQLNamedType, sized: ReadonlyMap<string, number>): number => {
      let sum = 0;
      for (const selection of set.selections) {
        if (selection.kind === Kind.FIELD) {
          sum += ofField(selection, parent, sized);
          continue;
        }
        const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
        const condition = inner?.typeCondition && this.schema.getType(inner.typeCondition.name.value);
        if (inner) sum += ofSet(inner.selectionSet, condition ?? parent, sized);
      }
      return sum;
    };
    const ofField = (node: FieldNode, parent: GraphQLNamedType, sized: ReadonlyMap<string, number>): number => {
      const name = node.name.value;
      const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
      if (!field) return 0; // `__typename`, and introspection, which has limits of its own
      const named = getNamedType(field.type);
      const cost = this.fields.get(`${parent.name}.${name}`);
      const size = sizeOf(cost, field, node, variables);
      const weight =
        cost?.weight ?? (parent === this.schema.getMutationType() ? MUTATION : isCompositeType(named) ? 1 : 0);
      const isList = isListType(getNullableType(field.type));
      const times = isList ? (sized.get(name) ?? size ?? (isCompositeType(named) ? ASSUMED_SIZE : 1)) : 1;
      const below = new Map(size === undefined ? [] : cost?.sizedFields.map((key) => [key, size]));
      return times * (weight + (node.selectionSet ? ofSet(node.selectionSet, named, below) : 0));
    };
    return ofSet(operation.selectionSet, root, new Map());
  }
}

/** The largest of the arguments that say how much is wanted, or what is assumed; undefined if the schema says nothing. */
function sizeOf(
  cost: FieldCost | undefined,
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  variables: Variables,
): number | undefined {
  const asked = (cost?.slicingArguments ?? []).flatMap((name) => {
    const given = node.arguments?.find((argument) => argument.name.value === name)?.value;
    const value: unknown = given && valueFromASTUntyped(given, variables);
    const size = value ?? field.args.find((argument) => argument.name === name)?.defaultValue;
    return typeof size === 'number' ? [Math.min(Math.max(size, 0), LARGEST_PAGE)] : [];
  });
  return asked.length > 0 ? Math.max(...asked) : cost?.assumedSize;
}

function fieldCost(directives: readonly ConstDirectiveNode[]): FieldCost | undefined {
  const found = directives.filter(({ name }) => name.value === 'listSize' || name.value === 'cost');
  if (found.length === 0) return undefined;
  const values = new Map(
    found.flatMap((directive) =>
      (directive.arguments ?? []).map(({ name, value }) => [name.value, valueFromASTUntyped(value)] as const),
    ),
  );
  const numberOf = (name: string): number | undefined => {
    const value = values.get(name);
    return typeof value === 'number' ? value : undefined;
  };
  const namesOf = (name: string): string[] => {
    const value = values.get(name);
    return Array.isArray(value) ? value.map(String) : [];
  };
  return {
    weight: numberOf('weight'),
    assumedSize: numberOf('assumedSize'),
    slicingArguments: namesOf('slicingArguments'),
    sizedFields: namesOf('sizedFields'),
  };
}
