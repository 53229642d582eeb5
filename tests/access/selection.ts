/** Selects all there is of an object, and says what came of each field. */
import { getNamedType, isInterfaceType, isObjectType, isRequiredArgument, type GraphQLObjectType, type GraphQLOutputType, type GraphQLSchema } from 'graphql'; // prettier-ignore
import type { AnswerError, DoorAnswer, Json } from './doors';

/** Types without a rule of their own: whoever sees the field sees all of it. */
const VALUES = ['Money', 'PostalAddress', 'PageInfo', 'Image', 'CartCost', 'OrderCost', 'Attribute', 'PriceRange', 'SelectedOption', 'Facet', 'ShippingOption']; // prettier-ignore
/** Entities have rows under their own roots; elsewhere their id says whether one gets there. */
const ENTITIES = ['User', 'Order', 'Product', 'ProductVariant', 'Category'];

/** A selected field. */
export interface Selected {
  name: string;
  /** `Type.field`, as rows call it. */
  path: string;
  below: Selected[];
}

/** All fields of a type, `ancestors` being the types above it. */
export function selectAll(
  schema: GraphQLSchema,
  type: GraphQLOutputType,
  ancestors: readonly string[] = [],
): Selected[] {
  const named = getNamedType(type);
  if (isInterfaceType(named)) return [{ name: 'code', path: `${named.name}.code`, below: [] }];
  if (!isObjectType(named)) return [];
  if (ancestors.includes(named.name)) return brief(named);
  if (ancestors.some((above) => !/(Connection|Edge)$/.test(above)) && ENTITIES.includes(named.name))
    return brief(named);
  return fieldsOf(named).map((name) => ({
    name,
    path: `${named.name}.${name}`,
    below: selectAll(schema, named.getFields()[name]!.type, [...ancestors, named.name]),
  }));
}

const brief = (type: GraphQLObjectType): Selected[] => [
  { name: type.getFields()['id'] ? 'id' : '__typename', path: '', below: [] },
];
/** Edges hold the nodes once more, which would only cost. */
const fieldsOf = (type: GraphQLObjectType): string[] =>
  Object.values(type.getFields())
    .filter((field) => field.name !== 'edges' && !field.name.startsWith('_') && !field.args.some(isRequiredArgument))
    .map(({ name }) => name);

/** As text. */
export function print(fields: readonly Selected[]): string {
  return fields.length === 0 ? '' : `{ ${fields.map(({ name, below }) => `${name} ${print(below)}`).join(' ')} }`;
}

/** What came of a field: `ok`, `null`, `[]`, `-` (never got there), or an error's code. */
export type Outcome = string;

/** Outcomes by path: the best of all objects that were found. */
export function outcomesOf(
  fields: readonly Selected[],
  parent: unknown,
  errors: readonly AnswerError[],
): Map<string, Outcome> {
  const outcomes = new Map<string, Outcome>();
  const look = (selected: readonly Selected[], value: unknown): void => {
    const objects = (Array.isArray(value) ? value : [value]) as (Json | null | undefined)[];
    for (const field of selected) {
      for (const object of objects) {
        if (field.path && !hidden(field)) better(outcomes, field.path, classOf(field, object, errors));
        look(field.below, object?.[field.name]);
      }
      if (objects.length === 0 && field.path && !hidden(field)) better(outcomes, field.path, '-');
      if (objects.length === 0) look(field.below, undefined);
    }
  };
  look(fields, parent);
  return outcomes;
}

const hidden = ({ path }: Selected): boolean => VALUES.includes(path.split('.')[0] ?? '');

function classOf({ name }: Selected, object: Json | null | undefined, errors: readonly AnswerError[]): Outcome {
  if (!object) return '-';
  const value = object[name];
  if (Array.isArray(value)) return value.length > 0 ? 'ok' : '[]';
  if (value !== null && value !== undefined) return 'ok';
  const error = errors.find(({ path }) => path?.at(-1) === name);
  return error ? codeOf(error) : 'null';
}

const RANK = ['ok', '[]', 'null'];
function better(outcomes: Map<string, Outcome>, path: string, outcome: Outcome): void {
  const rank = (one: Outcome | undefined): number =>
    one === undefined ? 9 : one === '-' ? 8 : RANK.includes(one) ? RANK.indexOf(one) : 5;
  if (rank(outcome) < rank(outcomes.get(path))) outcomes.set(path, outcome);
}

/** An error's code. */
export const codeOf = ({ extensions }: AnswerError): string => extensions?.code ?? 'no code';

/** User errors that mean: not for you, or not there. */
const DENIALS = ['NOT_FOUND', 'UNAUTHENTICATED', 'FORBIDDEN'];

/** What came of a root field: as of any field, and for a payload `user:CODE` when a user error denies it or finds the input invalid. */
export function rootOutcome(answer: DoorAnswer, mutation: boolean): Outcome {
  const [error] = answer.errors ?? [];
  const value: unknown = answer.data?.['result'] ?? (answer.data?.['opened'] ? {} : null);
  if (value === null) return error ? codeOf(error) : 'null';
  if (Array.isArray(value)) return value.length > 0 ? 'ok' : '[]';
  const userErrors = mutation ? ((value as Json)['userErrors'] as { code: string }[]) : [];
  const denied = userErrors.find(({ code }) => DENIALS.includes(code));
  const invalid = userErrors.find(({ code }) => code === 'VALIDATION_ERROR');
  const told = denied ?? invalid;
  return told ? `user:${told.code}` : 'ok';
}

/** Whether an outcome lets nobody through. */
export const isDenial = (outcome: Outcome): boolean =>
  ['null', '[]', ...DENIALS, ...DENIALS.map((code) => `user:${code}`)].includes(outcome);
