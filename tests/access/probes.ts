/** What is asked: made from the schemas, so that a new field is asked for by itself. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { buildASTSchema, isObjectType, parse, type GraphQLField, type GraphQLObjectType, type GraphQLSchema } from 'graphql'; // prettier-ignore
import { SUBGRAPHS, type SubgraphName } from '../../platform/config';
import { PROJECT_ROOT } from '../../platform/root';
import type { CallerName } from './callers';
import type { Door, Json } from './doors';
import { namedThings, valuesOf, type Sent } from './inputs';
import { print, selectAll, type Selected } from './selection';
import { TARGETS, type Target, type Things, type World } from './things';

/** A question about a field, with somebody's objects, through a door. */
export interface Probe {
  kind: 'Query' | 'Mutation' | 'Subscription' | 'Entity';
  /** Its row in the table, without the target. */
  row: string;
  target: Target | '-';
  door: Door;
  query: string;
  selected: Selected[];
  /** Who is asked about; all when absent. */
  only?: readonly CallerName[];
  /** Refused only after something was written and taken back: a denial that leaves traces. */
  late?: boolean;
  /** What is sent by whom. */
  variables(sent: Omit<Sent, 'target'>): Json;
}

/** A field asked in another way. */
interface Way {
  name: string;
  /** Optional arguments that are left out. */
  without: string[];
  /** With whose objects, and by whom; of all when absent. */
  targets?: readonly Target[];
  only?: readonly CallerName[];
  /** Refused only after something was written and taken back. */
  late?: boolean;
  /** What else is sent. */
  change?: (variables: Json, things: Things) => Json;
}
const ONE_WAY: readonly Way[] = [{ name: '', without: [] }];
const WAYS: Record<string, readonly Way[]> = {
  'Query.order': [
    { name: '', without: ['number'] },
    { name: ' by number', without: ['id'] },
  ],
  'Query.cart': [
    { name: '', without: [] },
    { name: ' by token', without: ['id'] },
  ],
  'Mutation.placeOrder': [
    ...ONE_WAY,
    {
      // One's own cart, and somebody else's card. By one only: a cart is claimed by one order at a time.
      name: ' by saved card',
      without: [],
      targets: ['customer'],
      only: ['stranger'],
      late: true,
      change: ({ input }, { pm }) => ({ input: { ...(input as Json), cartId: undefined, payment: { methodId: pm } } }),
    },
  ],
};

/** The schema of the gateway, or of a subgraph. */
export function schemaOf(name: SubgraphName | 'api'): GraphQLSchema {
  const text = readFileSync(path.join(PROJECT_ROOT, 'schema', `${name}.graphql`), 'utf8');
  return buildASTSchema(parse(text), { assumeValidSDL: true });
}

/** All of them. */
export function allProbes(world: World): Probe[] {
  const api = schemaOf('api');
  const ofSubgraphs = SUBGRAPHS.flatMap((name) => {
    const schema = schemaOf(name);
    return [...rootProbes(schema, [name], world), ...entityProbes(schema, name, world)];
  });
  return [...rootProbes(api, ['gateway', 'socket'], world), ...ofSubgraphs];
}

function rootProbes(schema: GraphQLSchema, doors: readonly Door[], world: World): Probe[] {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  return roots.flatMap((root) =>
    root ? Object.values(root.getFields()).flatMap((field) => ofField(schema, root, field, doors, world)) : [],
  );
}

function ofField(
  schema: GraphQLSchema,
  root: GraphQLObjectType,
  field: GraphQLField<unknown, unknown>,
  doors: readonly Door[],
  world: World,
): Probe[] {
  const kind = root.name as 'Query' | 'Mutation' | 'Subscription';
  const where = `${kind}.${field.name}`;
  return (WAYS[where] ?? ONE_WAY).flatMap(({ name, without, only, late, change, ...way }) => {
    const args = field.args.filter((arg) => !without.includes(arg.name));
    const needed = namedThings(where, args);
    const all = needed.length === 0 ? (['-'] as const) : targetsWith(world, needed);
    const targets = all.filter((target) => target === '-' || !way.targets || way.targets.includes(target));
    const selected = kind === 'Query' ? selectAll(schema, field.type) : payload(schema, field);
    const declared = args.map((arg) => `$${arg.name}: ${String(arg.type)}`).join(', ');
    const given = args.map((arg) => `${arg.name}: $${arg.name}`).join(', ');
    // Only what is sent is declared: a variable that is null is not the same as one that is absent.
    const query = `${kind.toLowerCase()} ${declared && `(${declared})`} { result: ${field.name}${given && `(${given})`} ${print(selected)} }`;
    return targets.flatMap((target) =>
      doors
        // A socket tells nothing else about queries than HTTP does; subscriptions have no other way.
        .filter((door) => (door === 'gateway' ? kind !== 'Subscription' : true))
        .map((door) => ({
          ...{
            kind,
            row: `${where}${name}`,
            target,
            door,
            query,
            only,
            late,
            selected: isLookedAt(kind, door) ? selected : [],
          },
          variables: (sent) => {
            const variables = valuesOf(where, args, { ...sent, target });
            return change && target !== '-' ? change(variables, world.things[target]) : variables;
          },
        })),
    );
  });
}

/** Of streams only sockets wait for the first event. */
const isLookedAt = (kind: Probe['kind'], door: Door): boolean =>
  kind === 'Query' || (kind === 'Subscription' && door === 'socket');

/** Of a payload only whether something was denied; of an event only that there is one, and the secret of an order in it. */
function payload(schema: GraphQLSchema, field: GraphQLField<unknown, unknown>): Selected[] {
  if (field.name === 'orderUpdated')
    return [{ name: 'order', path: '', below: [{ name: 'token', path: 'Order.token', below: [] }] }];
  const all = selectAll(schema, field.type);
  const userErrors = all.filter(({ name }) => name === 'userErrors');
  return userErrors.length > 0 ? userErrors : [{ name: '__typename', path: '', below: [] }];
}

const ENTITY_IDS: Record<string, keyof Things> = { User: 'user', Order: 'ord', Product: 'prod', ProductVariant: 'var' };

function entityProbes(schema: GraphQLSchema, door: SubgraphName, world: World): Probe[] {
  return Object.values(schema.getTypeMap()).flatMap((type) => {
    const key = isObjectType(type) && type.astNode?.directives?.find(({ name }) => name.value === 'key');
    if (!key || key.arguments?.some(({ name }) => name.value === 'resolvable')) return [];
    const id = ENTITY_IDS[type.name];
    if (!id) throw new Error(`Say in tests/access/probes.ts which ids the entity ${type.name} has.`);
    const selected = selectAll(schema, type as GraphQLObjectType);
    const query = `query ($of: [_Any!]!) { result: _entities(representations: $of) { ... on ${type.name} ${print(selected)} } }`;
    const targets = world.common[id] ? (['-'] as const) : targetsWith(world, [id]);
    return targets.map((target) => ({
      ...{ kind: 'Entity' as const, row: `${door}._entities`, target, door, query, selected },
      variables: () => ({
        of: [{ __typename: type.name, id: target === '-' ? world.common[id] : world.things[target][id] }],
      }),
    }));
  });
}

const targetsWith = (world: World, needed: readonly (keyof Things)[]): Target[] =>
  TARGETS.filter((target) => needed.every((id) => world.things[target][id] !== undefined));
