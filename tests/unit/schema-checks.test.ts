/** What the schema is held to, shown on schemas that fail it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { buildSchema } from 'graphql';
import { PROJECT_ROOT } from '../../platform/root';
import { breakingChanges, undescribed } from '../../schema/checks';

const released = readFileSync(path.join(PROJECT_ROOT, 'schema', 'released.graphql'), 'utf8');

test('the released schema is no break of itself, and describes every element', () => {
  expect(breakingChanges(buildSchema(released), buildSchema(released))).toEqual([]);
  expect(undescribed(buildSchema(released))).toEqual([]);
});

test.each([
  ['a field that is gone', /^ {2}placedAt: DateTime!$/m, '  placed: DateTime!', 'Order.placedAt was removed.'],
  [
    'a field that may be null now',
    /^ {2}placedAt: DateTime!$/m,
    '  placedAt: DateTime',
    'Order.placedAt changed type from DateTime! to DateTime.',
  ],
  [
    'an input that is required now',
    /^ {2}note: String$/m,
    '  note: String!',
    'PlaceOrderInput.note changed type from String to String!.',
  ],
])('%s is a breaking change', (_, pattern, by, change) => {
  const type = change.startsWith('Order.') ? 'type Order {' : 'input PlaceOrderInput {';
  const at = released.indexOf(type);
  const changed = released.slice(0, at) + released.slice(at).replace(pattern, by);
  expect(breakingChanges(buildSchema(released), buildSchema(changed))).toEqual([change]);
});

test('what lacks a description is named', () => {
  const bare = buildSchema('"""Q""" type Query { """a""" a(b: Int): E c: Int } enum E { V }');
  expect(undescribed(bare)).toEqual(['Query.a(b)', 'Query.c', 'E', 'E.V']);
});
