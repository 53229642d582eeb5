/** Cursors: what they are good for, and what a made-up one can do. */
import { Fault } from '../../platform/errors';
import { keysetSql, pageOf, parsePage, type KeyColumn, type KeyPart } from '../../platform/graph/connection';

const LIST = { list: 'things', sort: 'PRICE' };
const ID = '019420f2-ca50-7487-b150-2cb14f974df1';
const COLUMNS: KeyColumn[] = [
  { sql: 'price', descending: false, type: 'bigint' },
  { sql: 'id', descending: false, type: 'uuid' },
];

/** A cursor that the list would hand out if it had a row with this key. */
function cursorOf(key: KeyPart[], list: unknown = LIST): string {
  return pageOf(
    parsePage({}, list, key.length),
    [key],
    () => ({}),
    () => key,
  ).edges[0]!.cursor;
}

const refusal = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error instanceof Fault ? [error.code, error.details] : error;
  }
};
const REFUSED = ['VALIDATION_ERROR', { field: ['after'] }];

test('a cursor leads on in its own list', () => {
  expect(parsePage({ after: cursorOf(['1', ID]) }, LIST, 2).after).toEqual(['1', ID]);
});

test('not in another list, nor when a part of it was changed', () => {
  const cursor = cursorOf(['1', ID]);
  const [sum] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [string];
  const changed = Buffer.from(JSON.stringify([sum, '2', ID])).toString('base64url');
  expect(refusal(() => parsePage({ after: cursor }, { ...LIST, sort: 'NAME' }, 2))).toEqual(REFUSED);
  for (const after of ['', 'x', changed, `${cursor}=`, cursor.slice(0, -1)])
    expect(refusal(() => parsePage({ after }, LIST, 2))).toEqual(REFUSED);
});

test.each<[string, KeyPart[]]>([
  ['no number', ['x', ID]],
  ['a number beyond the column', ['9'.repeat(30), ID]],
  ['no id', ['1', 'x']],
  ['nothing', [null, ID]],
])('a forged one that holds %s is refused before the database sees it', (_, key) => {
  const page = parsePage({ after: cursorOf(key) }, LIST, 2);
  expect(refusal(() => keysetSql(page, COLUMNS, []))).toEqual(REFUSED);
});

test('one with too many parts, or too long to be ours', () => {
  expect(refusal(() => parsePage({ after: cursorOf(['1', ID, '1']) }, LIST, 2))).toEqual(REFUSED);
  expect(refusal(() => parsePage({ after: cursorOf(['x'.repeat(5_000), ID]) }, LIST, 2))).toEqual(REFUSED);
});
