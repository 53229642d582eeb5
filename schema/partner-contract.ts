/**
 * The contract with partners: the part of the API schema that is tagged `partner`. What Apollo calls a contract schema, without
 * its service: an object's tag counts for the fields that the same subgraph gives it, `staff` takes away again, and what no kept
 * field leads to is left out. Inputs, enums and scalars need no tag: they come with what uses them.
 */
import {
  buildASTSchema,
  Kind,
  lexicographicSortSchema,
  parse,
  printSchema,
  visit,
  type ASTNode,
  type DirectiveNode,
  type DocumentNode,
  type GraphQLSchema,
  type InterfaceTypeDefinitionNode,
  type ObjectTypeDefinitionNode,
  type TypeNode,
} from 'graphql';

/** The contract, and the coordinates of fields that are tagged but could not be kept, for what they give is not. */
export interface Contract {
  sdl: string;
  lost: readonly string[];
}

/** `subgraphs`: what each offers, with its tags; `api`: the schema clients see. */
export function partnerContract(subgraphs: readonly DocumentNode[], api: GraphQLSchema): Contract {
  const tags = tagsOf(subgraphs);
  let document = withoutDefinitions(parse(printSchema(api)), tags);
  for (let before; before !== document;) {
    before = document;
    document = withoutDangling(document);
  }
  const kept = new Set(fieldsOf(document));
  const schema = buildASTSchema(onlyReachable(document));
  return {
    sdl: printSchema(lexicographicSortSchema(schema)),
    lost: [...tags.named].filter((coordinate) => !kept.has(coordinate) && !tags.staff.has(coordinate)),
  };
}

/** Coordinates: `Type.field`, and `Type` of those that are staff's. */
interface Tags {
  /** Fields that are tagged, by themselves or with their type. */
  fields: Set<string>;
  /** Those tagged by themselves. */
  named: Set<string>;
  staff: Set<string>;
}

function tagsOf(subgraphs: readonly DocumentNode[]): Tags {
  const tags: Tags = { fields: new Set(), named: new Set(), staff: new Set() };
  for (const { definitions } of subgraphs) {
    for (const definition of definitions) {
      if (!('name' in definition) || !definition.name || !('directives' in definition)) continue;
      const type = definition.name.value;
      if (has(definition, 'staff')) tags.staff.add(type);
      const members = 'fields' in definition ? (definition.fields ?? []) : [];
      for (const field of members) {
        const coordinate = `${type}.${field.name.value}`;
        if (has(field, 'staff')) tags.staff.add(coordinate);
        if (has(field, 'partner')) tags.named.add(coordinate);
        if (has(field, 'partner') || has(definition, 'partner')) tags.fields.add(coordinate);
      }
    }
  }
  return tags;
}

function has(node: { directives?: readonly DirectiveNode[] }, tag: string): boolean {
  return (node.directives ?? []).some(({ name, arguments: given }) => {
    const value = given?.[0]?.value;
    return name.value === 'tag' && value?.kind === Kind.STRING && value.value === tag;
  });
}

/** Without the fields of objects and interfaces that are not tagged, and without what is staff's. */
function withoutDefinitions(document: DocumentNode, { fields, staff }: Tags): DocumentNode {
  const mine = (type: string, field: string): boolean =>
    fields.has(`${type}.${field}`) && !staff.has(type) && !staff.has(`${type}.${field}`);
  return visit(document, {
    DirectiveDefinition: () => null,
    SchemaDefinition: () => null,
    ObjectTypeDefinition: (node) => ({
      ...node,
      fields: node.fields?.filter((field) => mine(node.name.value, field.name.value)),
    }),
    InterfaceTypeDefinition: (node) => ({
      ...node,
      fields: node.fields?.filter((field) => mine(node.name.value, field.name.value)),
    }),
    InputObjectTypeDefinition: (node) =>
      staff.has(node.name.value)
        ? null
        : { ...node, fields: node.fields?.filter((field) => !staff.has(`${node.name.value}.${field.name.value}`)) },
  });
}

/** Without types that have no fields, and whatever refers to types that are not there; the same document if there is neither. */
function withoutDangling(document: DocumentNode): DocumentNode {
  const known = new Set(['ID', 'String', 'Int', 'Float', 'Boolean']);
  for (const node of document.definitions) if ('name' in node && node.name) known.add(node.name.value);
  const empty = (node: { fields?: readonly unknown[] }): null | undefined =>
    (node.fields ?? []).length === 0 ? null : undefined;
  const unknown = (node: { type: TypeNode }): null | undefined => (known.has(nameOf(node.type)) ? undefined : null);
  return visit(document, {
    ObjectTypeDefinition: empty,
    InterfaceTypeDefinition: empty,
    FieldDefinition: unknown,
    InputValueDefinition: unknown,
    NamedType: ({ name }, _key, parent) => (Array.isArray(parent) && !known.has(name.value) ? null : undefined),
  });
}

function nameOf(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type);
}

function fieldsOf(document: DocumentNode): string[] {
  const coordinates: string[] = [];
  const list = ({ name, fields = [] }: ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode): void =>
    void coordinates.push(...fields.map((field) => `${name.value}.${field.name.value}`));
  visit(document, { ObjectTypeDefinition: list, InterfaceTypeDefinition: list });
  return coordinates;
}

/** Without the types that no root type leads to. Whatever implements an interface can be met where the interface is. */
function onlyReachable(document: DocumentNode): DocumentNode {
  const leadsTo = new Map<string, Set<string>>();
  const lead = (from: string, to: string): void => {
    leadsTo.set(from, (leadsTo.get(from) ?? new Set()).add(to));
  };
  for (const node of document.definitions) {
    if (!('name' in node) || !node.name) continue;
    const type = node.name.value;
    for (const named of namesIn(node)) lead(type, named);
    if (node.kind === Kind.OBJECT_TYPE_DEFINITION) for (const { name } of node.interfaces ?? []) lead(name.value, type);
  }
  const reached = new Set<string>();
  const reach = (type: string): void => {
    if (reached.has(type)) return;
    reached.add(type);
    leadsTo.get(type)?.forEach(reach);
  };
  ['Query', 'Mutation', 'Subscription'].forEach(reach);
  return {
    ...document,
    definitions: document.definitions.filter((node) => 'name' in node && node.name && reached.has(node.name.value)),
  };
}

function namesIn(node: ASTNode): string[] {
  const names: string[] = [];
  visit(node, { NamedType: ({ name }) => void names.push(name.value) });
  return names;
}
