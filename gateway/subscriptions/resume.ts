/**
 * Cursors of subscriptions, for transports whose client remembers where it was (`Last-Event-ID`). A root field takes part
 * if it has an argument `after: String`; an answer's cursor is the field `cursor` selected right below it.
 */
import type { SubscribePayload } from 'graphql-ws';
import {
  GraphQLString,
  Kind,
  getNamedType,
  print,
  separateOperations,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type ExecutionResult,
  type FieldNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  type VariableDefinitionNode,
} from 'graphql';

/** What a header can carry and an event stream can hold in one line. */
const CARRIED = /^[\x21-\x7e]{1,1024}$/;

/**
 * The operation, going on after `lastEventId`, whatever `after` it came with. The same operation if its root field knows no
 * `after`, or if it does not fit the schema: that is for others to say.
 */
export function resumed(
  schema: GraphQLSchema,
  document: DocumentNode,
  payload: SubscribePayload,
  lastEventId: string,
): SubscribePayload {
  const own = operationOf(document, payload.operationName ?? undefined);
  const found: { variable?: string; isNew?: boolean } = {};
  const edited = visitRoots(schema, own, (field) => {
    const given = field.arguments?.find(({ name }) => name.value === AFTER);
    if (given?.value.kind === Kind.VARIABLE) {
      found.variable = given.value.name.value;
      return undefined;
    }
    const variable = unusedName(own);
    Object.assign(found, { variable, isNew: true });
    const value = { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: variable } } as const;
    const others = field.arguments?.filter((argument) => argument !== given) ?? [];
    return {
      ...field,
      arguments: [...others, { kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: AFTER }, value }],
    };
  });
  const { variable, isNew } = found;
  if (variable === undefined) return payload;
  const query = isNew ? print(declared(edited, variable)) : payload.query;
  return { ...payload, query, variables: { ...payload.variables, [variable]: lastEventId } };
}

/** Finds the cursor in answers to the operation; undefined where there is none. */
export function cursorReader(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | undefined,
): (answer: ExecutionResult) => string | undefined {
  let root: { key: string; type: GraphQLNamedType } | undefined;
  let cursor: string | undefined;
  const own = operationOf(document, operationName);
  visitRoots(schema, own, (field, type) => {
    root = { key: keyOf(field), type };
    return undefined;
  });
  const info = new TypeInfo(schema);
  visit(
    own,
    visitWithTypeInfo(info, {
      Field: (field) => {
        if (field.name.value === 'cursor' && info.getParentType() === root?.type) cursor ??= keyOf(field);
      },
    }),
  );
  const keys = root && cursor !== undefined ? [root.key, cursor] : undefined;
  return ({ data }) => {
    const value = keys?.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), data);
    return typeof value === 'string' && CARRIED.test(value) ? value : undefined;
  };
}

const AFTER = 'after';

/** Visits the root fields of subscriptions that know `after`; `edit` may give another in its place. */
function visitRoots(
  schema: GraphQLSchema,
  document: DocumentNode,
  edit: (field: FieldNode, type: GraphQLNamedType) => FieldNode | undefined,
): DocumentNode {
  const info = new TypeInfo(schema);
  return visit(
    document,
    visitWithTypeInfo(info, {
      Field: (field) => {
        const definition = info.getFieldDef();
        if (!definition || info.getParentType() !== schema.getSubscriptionType()) return undefined;
        const knows = definition.args.some(({ name, type }) => name === AFTER && type === GraphQLString);
        return knows ? edit(field, getNamedType(definition.type)) : undefined;
      },
    }),
  );
}

/** The operation with the fragments it uses, so that a new variable disturbs no other. */
function operationOf(document: DocumentNode, operationName: string | undefined): DocumentNode {
  const operations = separateOperations(document);
  const name = operationName ?? Object.keys(operations)[0];
  return (name === undefined ? undefined : operations[name]) ?? document;
}

function declared(document: DocumentNode, variable: string): DocumentNode {
  const definition: VariableDefinitionNode = {
    kind: Kind.VARIABLE_DEFINITION,
    variable: { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: variable } },
    type: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: 'String' } },
  };
  return visit(document, {
    OperationDefinition: (operation) => ({
      ...operation,
      variableDefinitions: [...(operation.variableDefinitions ?? []), definition],
    }),
  });
}

function unusedName(document: DocumentNode): string {
  const used = new Set<string>();
  visit(document, { Variable: ({ name }) => void used.add(name.value) });
  let name = 'lastEventId';
  while (used.has(name)) name += '_';
  return name;
}

function keyOf(field: FieldNode): string {
  return (field.alias ?? field.name).value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
