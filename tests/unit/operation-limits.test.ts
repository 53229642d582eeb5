/** Limits of operations: what passes, what does not, and that counting stays cheap whatever is written. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { buildSchema, getIntrospectionQuery, getOperationAST, Kind, parse } from 'graphql';
import { checkDocument } from '../../gateway/limits/check-document';
import { checkSize } from '../../gateway/limits/check-size';
import { CostTable } from '../../gateway/limits/cost';
import { sizeOf } from '../../gateway/limits/operation-size';
import { readConfig } from '../../platform/config';
import { Fault } from '../../platform/errors';
import { PROJECT_ROOT } from '../../platform/root';

const read = (...file: string[]): string => readFileSync(join(PROJECT_ROOT, ...file), 'utf8');
const api = buildSchema(read('schema/api.graphql'));
const costs = new CostTable(read('schema/supergraph.graphql'), api);

/** What a document is refused for; undefined if it is not. */
function limitOf(source: string): unknown {
  try {
    checkSize(parse(source));
    return undefined;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    expect(error.code).toBe('INVALID_REQUEST');
    return error.details?.['limit'];
  }
}

const many = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');
const deep = (levels: number): string => `${'{a'.repeat(levels)}${'}'.repeat(levels)}`;
/** Each fragment uses the next one twice. */
const doubling = (count: number): string =>
  `{ ...F0 } ${many(count, (index) => `fragment F${index} on T { ...F${index + 1} ...F${index + 1} }`)} fragment F${count} on T { a }`;

test.each([
  ['15 levels', deep(15), undefined],
  ['16 levels', deep(16), 'depth'],
  ['16 levels through fragments', `{a{...F}} fragment F on T ${deep(15)}`, 'depth'],
  ['20 root fields', `{ ${many(20, () => 'a')} }`, undefined],
  ['21 root fields', `{ ${many(21, (index) => `a${index}`)} }`, 'rootFields'],
  ['21 root fields through fragments', `{ ${many(20, () => 'a')} ... { ...F } } fragment F on T { b }`, 'rootFields'],
  ['50 aliases', `{ x { ${many(50, (index) => `a${index}: a`)} } }`, undefined],
  ['51 aliases', `{ x { ${many(51, (index) => `a${index}: a`)} } }`, 'aliases'],
  ['51 aliases of __typename', `{ x { ${many(51, (index) => `a${index}: __typename`)} } }`, 'aliases'],
  [
    '60 aliases by using a fragment twice',
    `{ x { ...F } y { ...F } } fragment F on T { ${many(30, (index) => `a${index}: a`)} }`,
    'aliases',
  ],
  ['1,000 fields', `{ x { ${many(999, () => 'a')} } }`, undefined],
  ['1,001 fields', `{ x { ${many(1_000, () => 'a')} } }`, 'fields'],
  ['1,024 fields by doubling', doubling(10), 'rootFields'],
  ['1,024 fields by doubling, below a field', doubling(10).replace('{ ...F0 }', '{ x { ...F0 } }'), 'fields'],
  ['more fields than there are numbers', doubling(2_000).replace('{ ...F0 }', '{ x { ...F0 } }'), 'nesting'],
  ['2^150 fields', doubling(150).replace('{ ...F0 }', '{ x { ...F0 } }'), 'fields'],
  ['5 directives', `{ a ${many(5, () => '@d')} }`, undefined],
  ['6 directives at a field', `{ a ${many(6, () => '@d')} }`, 'directives'],
  ['6 directives at an operation', `query ${many(6, () => '@d')} { a }`, 'directives'],
  ['6 directives at a spread', `{ ...F ${many(6, () => '@d')} } fragment F on T { a }`, 'directives'],
  ['6 directives at a variable', `query ($a: Int ${many(6, () => '@d')}) { a }`, 'directives'],
  ['6 directives in a fragment nobody uses', `{ a } fragment F on T { a ${many(6, () => '@d')} }`, 'directives'],
  ['50 inline fragments in one another', `{ ${'...{'.repeat(50)} a ${'}'.repeat(50)} }`, 'nesting'],
  ['3,000 fields in a fragment nobody uses', `{ a } fragment F on T { ${many(3_000, () => 'a')} }`, 'selections'],
  ['200 variables', `query (${many(200, (index) => `$v${index}: Int`)}) { a }`, undefined],
  ['201 variables', `query (${many(201, (index) => `$v${index}: Int`)}) { a }`, 'variables'],
  [
    '201 in two operations',
    `query A ($a: Int) { a } query (${many(200, (index) => `$v${index}: Int`)}) { a }`,
    'variables',
  ],
  ['one login', 'mutation { login(input: {}) { x } addToCart { x } }', undefined],
  ['two logins', 'mutation { a: login { x } b: login { x } }', 'authentications'],
  ['login and register', 'mutation { login { x } ...F } fragment F on Mutation { register { x } }', 'authentications'],
  ['logins in two operations', 'mutation A { login { x } } mutation B { login { x } }', 'authentications'],
  ['a query with fields of these names', '{ login register }', undefined],
  ['cycles, which validation refuses', '{ ...F } fragment F on T { a ...F }', undefined],
])('%s', (_name, source, limit) => {
  expect(limitOf(source)).toBe(limit);
});

describe('introspection', () => {
  test('what tools ask passes, as deep as they like to go', () => {
    for (const typeDepth of [9, 20]) {
      const query = getIntrospectionQuery({ inputValueDeprecation: true, typeDepth });
      expect(() => checkDocument(api, parse(query))).not.toThrow();
    }
    const types = `{ __type(name: "Order") { fields { type { ${'ofType { '.repeat(20)} name ${'}'.repeat(20)} } } } }`;
    expect(() => checkDocument(api, parse(types))).not.toThrow();
  });

  test.each([
    ['types of fields of types', `{ __schema { types { ${'fields { type { '.repeat(4)} name ${'} }'.repeat(4)} } } }`],
    ['eleven aliases', `{ __schema { ${many(11, (index) => `a${index}: types { name }`)} } }`],
    ['31 levels', `{ __type(name: "Order") { ${'ofType { '.repeat(31)} name ${'}'.repeat(31)} } }`],
  ])('%s is refused', (_name, source) => {
    expect(() => checkDocument(api, parse(source))).toThrow(AggregateError);
  });
});

test('fragments count as if they were written out', () => {
  const selections = fc.letrec<{ set: string; one: string }>((tie) => ({
    set: fc.array(tie('one'), { minLength: 1, maxLength: 4 }).map((all) => `{ ${all.join(' ')} }`),
    one: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('a', 'b: a', '__typename'),
      tie('set').map((set) => `a ${set}`),
      tie('set').map((set) => `... ${set}`),
    ),
  }));
  fc.assert(
    fc.property(selections.set, selections.set, (outer, fragment) => {
      const written = sizeOf(parse(outer.replaceAll('__typename', `... ${fragment}`))).operations;
      const spread = sizeOf(parse(`${outer.replaceAll('__typename', '...F')} fragment F on T ${fragment}`)).operations;
      expect(spread).toEqual(written);
    }),
  );
});

describe('cost', () => {
  const costOf = (source: string, variables?: Record<string, unknown>): number => {
    const document = parse(source);
    checkDocument(api, document);
    return costs.costOf(getOperationAST(document)!, document, variables);
  };

  test.each([
    ['scalars of one object', '{ product(id: "x") { id name } }', undefined, 1],
    ['a page without a size', '{ products { nodes { id } } }', undefined, 1 + 20],
    ['a page with a size', '{ products(first: 7) { nodes { id } } }', undefined, 1 + 7],
    ['a page from the end', '{ products(last: 3) { edges { node { id } } } }', undefined, 1 + 3 * 2],
    ['a variable', 'query ($n: Int) { products(first: $n) { nodes { id } } }', { n: 50 }, 1 + 50],
    ['a default of a variable', 'query ($n: Int = 9) { products(first: $n) { nodes { id } } }', {}, 1 + 9],
    ['null', '{ products(first: null) { nodes { id } } }', undefined, 1 + 20],
    ['more than a page may have', '{ products(first: 2000000000) { nodes { id } } }', undefined, 1 + 100],
    ['less than nothing', '{ products(first: -5) { nodes { id } } }', undefined, 1],
    ['lists in lists', '{ products(first: 10) { nodes { variants { price { amount } } } } }', undefined, 1 + 10 * 11],
    ['what is counted without being listed', '{ products { totalCount pageInfo { endCursor } } }', undefined, 2],
    [
      'a fragment',
      '{ products(first: 2) { ...F } } fragment F on ProductConnection { nodes { id } }',
      undefined,
      1 + 2,
    ],
    ['a mutation', 'mutation { createCart { cart { id } userErrors { code } } }', undefined, 10 + 1 + 5],
    ['introspection', '{ __schema { types { fields { name } } } }', undefined, 0],
  ])('%s', (_name, source, variables, cost) => {
    expect(costOf(source, variables)).toBe(cost);
  });

  test('a hundred products with variants, prices and stock fit, and all that the clients here ask', () => {
    const full = `{ products(first: 100) { totalCount pageInfo { endCursor } facets { name values { value label count } }
      edges { cursor node { id slug name description category { name parent { name } } attributes { name value }
        images { url altText } priceRange { min { amount } max { amount } }
        variants { id sku price { amount currencyCode } compareAtPrice { amount } options { name value }
          stock { onHand reserved available } image { url } } } } } }`;
    expect(costOf(full)).toBeLessThanOrEqual(readConfig({}).operationCost);
    for (const file of readdirSync(join(PROJECT_ROOT, 'tests/operations'))) {
      const document = parse(read('tests/operations', file));
      for (const node of document.definitions) {
        if (node.kind !== Kind.OPERATION_DEFINITION) continue;
        expect(costs.costOf(node, document, { first: 100 })).toBeLessThanOrEqual(readConfig({}).operationCost);
      }
    }
  });
});
