/**
 * Builds a subgraph's schema from its type-graphql resolvers: prints it, puts back the directives that printing loses, adds
 * the federation link, and lets @apollo/subgraph make it executable.
 */
import { buildSubgraphSchema } from '@apollo/subgraph';
import {
  Kind,
  parse,
  print,
  printSchema,
  visit,
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';
import { buildSchema, createResolversMap } from 'type-graphql';
import { DEFAULT_PAGE } from './connection';
import { DateTime } from './scalars';
import type { GraphContext, ReferenceResolver } from '../subgraph';

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
  import: ["@key", "@shareable", "@tag", "@external", "@requires", "@provides", "@inaccessible", "@override", "@cost", "@listSize"])`;

/** What type-graphql has no place for. Equal in every subgraph, or composition would complain. */
const ROOT_DESCRIPTIONS: Record<string, string> = {
  Query: 'What can be read. What you may not see is null, like what does not exist.',
  Mutation: 'What can be done. What you can mend yourself comes back as `userErrors`, next to the object or null.',
  Subscription: 'What can be watched, over a WebSocket with the `graphql-transport-ws` protocol.',
};

/** A subgraph's schema, as text for composition and executable. */
export interface SubgraphSchema {
  sdl: string;
  schema: GraphQLSchema;
}

/** Builds it. `references` resolve entities by public id. */
export async function buildSubgraph(options: {
  resolvers: [Function, ...Function[]];
  references: Record<string, ReferenceResolver<never>>;
  /** Entity classes that no field of this schema leads to. */
  contributesTo: Function[];
}): Promise<SubgraphSchema> {
  const { resolvers, references, contributesTo } = options;
  const plain = await buildSchema({
    resolvers: [resolvers[0], ...resolvers.slice(1)],
    // Without a list every object type that any other subgraph declared in this process would come in.
    orphanedTypes: contributesTo,
    validate: false,
    // Asked for as soon as there is a subscription; ours bring a `subscribe` of their own.
    pubSub: { publish: noPubSub, subscribe: noPubSub },
    scalarsMap: [{ type: Date, scalar: DateTime }],
  });
  const sdl = `${LINK}\n\n${print(withDirectives(plain))}`;
  const map: Record<string, unknown> = { ...createResolversMap(plain) };
  for (const [type, resolve] of Object.entries(references)) {
    map[type] = { ...asObject(map[type]), __resolveReference: referenceOf(type, resolve) };
  }
  // buildSubgraphSchema's resolver type is a map of maps of functions; what stands here is made by type-graphql.
  const schema = buildSubgraphSchema({ typeDefs: parse(sdl), resolvers: map as never });
  return { sdl, schema };
}

function noPubSub(): never {
  throw new Error('A subscription must bring its own subscribe.');
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}

/** Async, because a synchronous throw would fail the whole `_entities` batch. */
function referenceOf(type: string, resolve: ReferenceResolver<never>) {
  return async (reference: { id: unknown }, context: GraphContext): Promise<object | null> => {
    if (typeof reference.id !== 'string') return null;
    const found = await resolve(reference.id, context as never);
    return found && Object.assign(found, { __typename: type });
  };
}

/** What a page counts for in an operation's cost: as many rows as the arguments say, which type-graphql need not be told. */
function pageSize({ arguments: given = [] }: FieldDefinitionNode): readonly ConstDirectiveNode[] {
  const names = given.map(({ name }) => name.value).filter((name) => name === 'first' || name === 'last');
  if (names.length === 0) return [];
  const sized = names.includes('last') ? `, sizedFields: ["edges", "nodes"]` : '';
  const text = `@listSize(assumedSize: ${DEFAULT_PAGE}, slicingArguments: ${JSON.stringify(names)}${sized}, requireOneSlicingArgument: false)`;
  const [field] = parse(`type T { f: Int ${text} }`, { noLocation: true }).definitions;
  return field?.kind === Kind.OBJECT_TYPE_DEFINITION ? (field.fields?.[0]?.directives ?? []) : [];
}

/** The schema's document with the directives that stand on the types' definitions. */
function withDirectives(schema: GraphQLSchema): DocumentNode {
  const directivesOf = (name: string, field?: string, argument?: string): readonly ConstDirectiveNode[] => {
    const type: GraphQLNamedType | undefined = schema.getType(name);
    if (!type) return [];
    if (field === undefined) return type.astNode?.directives ?? [];
    const member =
      'getFields' in type ? type.getFields()[field] : 'getValue' in type ? type.getValue(field) : undefined;
    if (argument === undefined) return member?.astNode?.directives ?? [];
    const found = member && 'args' in member ? member.args.find((arg) => arg.name === argument) : undefined;
    return found?.astNode?.directives ?? [];
  };
  const owned = (directives: readonly ConstDirectiveNode[]): ConstDirectiveNode[] =>
    directives.filter((directive) => directive.name.value !== 'deprecated');
  let parent = '';
  let field = '';
  const enterType = (node: { name: { value: string } }): undefined => void (parent = node.name.value);
  const leaveType = <Node extends { name: { value: string }; directives?: readonly ConstDirectiveNode[] }>(
    node: Node,
  ): Node => ({ ...node, directives: [...(node.directives ?? []), ...owned(directivesOf(node.name.value))] });
  const type = { enter: enterType, leave: leaveType };
  const member = {
    enter: (node: { name: { value: string } }): undefined => void (field = node.name.value),
    leave: <Node extends { name: { value: string }; directives?: readonly ConstDirectiveNode[] }>(
      node: Node,
    ): Node => ({
      ...node,
      directives: [...(node.directives ?? []), ...owned(directivesOf(parent, node.name.value))],
    }),
  };
  let inField = false;
  return visit(parse(printSchema(schema)), {
    ObjectTypeDefinition: {
      enter: enterType,
      leave: (node) => {
        const value = ROOT_DESCRIPTIONS[node.name.value];
        const described = value === undefined ? {} : { description: { kind: Kind.STRING, value } as const };
        return { ...leaveType(node), ...described };
      },
    },
    InterfaceTypeDefinition: type,
    InputObjectTypeDefinition: type,
    EnumTypeDefinition: type,
    UnionTypeDefinition: type,
    ScalarTypeDefinition: type,
    EnumValueDefinition: member,
    FieldDefinition: {
      enter: (node) => {
        inField = true;
        member.enter(node);
      },
      leave: (node) => {
        inField = false;
        const { directives, ...left } = member.leave(node);
        return { ...left, directives: [...(directives ?? []), ...pageSize(node)] };
      },
    },
    InputValueDefinition: {
      leave: (node) => ({
        ...node,
        directives: [
          ...(node.directives ?? []),
          ...owned(inField ? directivesOf(parent, field, node.name.value) : directivesOf(parent, node.name.value)),
        ],
      }),
    },
  });
}
