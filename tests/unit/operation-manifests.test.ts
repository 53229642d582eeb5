/** Manifests of persisted operations: the formats that are read, and what is refused before it is published. */
import { createHash } from 'node:crypto';
import { buildSchema } from 'graphql';
import { CostTable } from '../../gateway/limits/cost';
import { checkManifest } from '../../ops/operations/check-manifest';
import { findUses } from '../../ops/operations/find-uses';
import { readManifest, type ManifestEntry } from '../../ops/operations/read-manifest';

const SDL = `
  type Query { shelf(filter: Filter): [Item!]  node: Node  me: Person }
  type Mutation { rename(name: String!): Person  login: Person }
  type Subscription { renamed: Person }
  interface Node { id: ID! }
  type Item implements Node { id: ID!  name: String  items: [Item!] }
  type Person implements Node { id: ID!  name: String }
  input Filter { name: String }`;
const schema = buildSchema(SDL);
const rules = { schema, costs: new CostTable(SDL, schema), maximumCost: 100 };

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const entry = (body: string, id = sha256(body)): ManifestEntry => ({ id, body });

test('Apollo, Relay and graphql-codegen are read', () => {
  const apollo = {
    format: 'apollo-persisted-query-manifest',
    version: 1,
    operations: [{ id: 'one', name: 'Me', type: 'query', body: 'query Me { me { id } }' }],
  };
  expect(readManifest(JSON.stringify(apollo))).toEqual([{ id: 'one', body: 'query Me { me { id } }' }]);
  const others = { d41d8c: 'query A { me { id } }', '0cc175': 'query B { me { name } }' };
  expect(readManifest(JSON.stringify(others))).toEqual([
    { id: 'd41d8c', body: 'query A { me { id } }' },
    { id: '0cc175', body: 'query B { me { name } }' },
  ]);
});

test.each([
  ['not JSON', '{', 'The manifest is not JSON.'],
  ['a list', '[]', /no manifest of persisted operations/],
  ['another version', '{"format":"apollo-persisted-query-manifest","version":2,"operations":[]}', /no manifest/],
  ['nothing in it', '{}', 'There are no operations in the manifest.'],
  [
    'too many',
    JSON.stringify(Object.fromEntries(Array.from({ length: 5_001 }, (_, index) => [`id${index}`, '{ me { id } }']))),
    'There are more than 5,000 operations in the manifest.',
  ],
])('refused as a manifest: %s', (_, text, message) => {
  expect(() => readManifest(text)).toThrow(message);
});

test('good operations are told with hash, name, type and cost', () => {
  const body = 'query Shelf($name: String = "a") { shelf(filter: { name: $name }) { items { id } } }';
  const { operations, problems } = checkManifest([entry(body, 'short'), entry('mutation { login { id } }')], rules);
  expect(problems).toEqual([]);
  expect(operations).toEqual([
    // five items of five items
    { id: 'short', hash: sha256(body), body, name: 'Shelf', type: 'query', cost: 5 * (1 + 5) },
    {
      id: sha256('mutation { login { id } }'),
      hash: sha256('mutation { login { id } }'),
      body: 'mutation { login { id } }',
      name: 'anonymous',
      type: 'mutation',
      cost: 10,
    },
  ]);
});

test.each<[string, string, string, string | undefined]>([
  [
    'a field that is not there',
    'query A { me { age } }',
    'A: Cannot query field "age" on type "Person". Did you mean "name"?',
    undefined,
  ],
  ['no GraphQL', 'query A { me {', 'A: Syntax Error: Expected Name, found <EOF>.', undefined],
  [
    'two operations',
    'query A { me { id } } query B { me { id } }',
    'A: The text must have exactly one operation.',
    undefined,
  ],
  [
    'too large',
    `query A { ${Array.from({ length: 21 }, (_, index) => `a${index}: me { id }`).join(' ')} }`,
    'A: The document asks for too much at once: at most 20 root fields.',
    undefined,
  ],
  [
    'too dear',
    'query A { shelf { items { items { items { id } } } } }',
    'A: It may cost 780; the limit is 100.',
    undefined,
  ],
  [
    'too long',
    `query A { me { id } } #${'x'.repeat(50_000)}`,
    'A: The text is longer than 50,000 characters.',
    undefined,
  ],
  [
    'an id with a space',
    'query A { me { id } }',
    'A: The id must be 1 to 200 letters, digits and ". : / + = _ -".',
    'a b',
  ],
  [
    'the hash of another text',
    'query A { me { id } }',
    'A: The id looks like a SHA-256, but is not that of the text.',
    sha256('something else'),
  ],
])('refused, and said why: %s', (_, body, problem, id) => {
  expect(checkManifest([entry(body, id ?? 'id'), entry('query Good { me { id } }')], rules)).toMatchObject({
    operations: [{ name: 'Good' }],
    problems: [problem],
  });
});

test('one id for two texts is refused, the same twice is once', () => {
  const twice = [entry('query A { me { id } }', 'a'), entry('query A { me { id } }', 'a')];
  expect(checkManifest(twice, rules)).toMatchObject({ operations: [{ id: 'a' }], problems: [] });
  const other = [entry('query A { me { id } }', 'a'), entry('query B { me { name } }', 'a')];
  expect(checkManifest(other, rules)).toMatchObject({ problems: ['B: The id stands for two texts.'] });
});

test('uses of a field are found in fragments, through interfaces and in inputs', () => {
  const bodies = [
    'query A { me { ...P } } fragment P on Person { name }',
    'query B { shelf { name } }',
    'query C { node { id } }',
    'query D { node { ... on Person { name } } }',
    'query E { shelf(filter: { name: "x" }) { id } }',
    'query F { me { gone } }',
  ].map((body) => ({ body }));
  const usesOf = (coordinate: string): string[] =>
    findUses(schema, coordinate, bodies).map(({ body }) => /query (\w)/.exec(body)?.[1] ?? '');
  expect(usesOf('Person.name')).toEqual(['A', 'D']);
  expect(usesOf('Person.id')).toEqual(['C']);
  expect(usesOf('Filter.name')).toEqual(['E']);
  expect(usesOf('Mutation.login')).toEqual([]);
  for (const unknown of ['Person', 'Person.age', 'Nobody.name', 'ID.name'])
    expect(() => usesOf(unknown)).toThrow('The schema has no such field');
});
