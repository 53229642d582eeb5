/** Public ids: they say their type, read back to the uuid they came from, and nothing else is taken for one. */
import fc from 'fast-check';
import { fromId, ID_PREFIXES, newUuid, toId } from '../../platform/ids';

const prefixes = fc.constantFrom(...ID_PREFIXES);
// Any 128 bits: PostgreSQL takes them for a uuid, and a client can write them down as an id.
const anyBits = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) =>
  Buffer.from(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
);
const uuids = fc.oneof(fc.uuid(), anyBits);
const many = { numRuns: 1_000 };

test('the specification’s examples', () => {
  // https://github.com/jetify-com/typeid/blob/main/spec/valid.json
  expect(toId('user', '00000000-0000-0000-0000-000000000000')).toBe('user_00000000000000000000000000');
  expect(toId('user', '00000000-0000-0000-0000-000000000001')).toBe('user_00000000000000000000000001');
  expect(toId('user', '00000000-0000-0000-0000-000000000020')).toBe('user_00000000000000000000000010');
  expect(toId('user', '0110c853-1d09-52d8-d73e-1194e95b5f19')).toBe('user_0123456789abcdefghjkmnpqrs');
  expect(toId('user', '01890a5d-ac96-774b-bcce-b302099a8057')).toBe('user_01h455vb4pex5vsknk084sn02q');
  expect(toId('user', 'ffffffff-ffff-ffff-ffff-ffffffffffff')).toBe('user_7zzzzzzzzzzzzzzzzzzzzzzzzz');
});

test('every uuid comes back from its id, for every type', () => {
  fc.assert(
    fc.property(prefixes, fc.oneof(uuids, fc.constant('ffffffff-ffff-ffff-ffff-ffffffffffff')), (prefix, uuid) => {
      const id = toId(prefix, uuid);
      expect(id).toMatch(new RegExp(`^${prefix}_[0-7][0-9a-hjkmnp-tv-z]{25}$`));
      expect(fromId(prefix, id)).toBe(uuid);
    }),
    many,
  );
});

test('an id is no other type’s', () => {
  fc.assert(
    fc.property(prefixes, prefixes, uuids, (mine, theirs, uuid) => {
      fc.pre(mine !== theirs);
      expect(fromId(theirs, toId(mine, uuid))).toBeNull();
    }),
    many,
  );
});

test('one id for one uuid: no second spelling is accepted', () => {
  fc.assert(
    fc.property(uuids, fc.nat({ max: 30 }), fc.string({ minLength: 1, maxLength: 1 }), (uuid, at, character) => {
      const id = toId('user', uuid);
      const changed = id.slice(0, at) + character + id.slice(at + 1);
      const read = fromId('user', changed);
      expect(read === null || toId('user', read) === changed).toBe(true);
      expect(read === uuid).toBe(changed === id);
    }),
    many,
  );
});

const good = 'user_01h455vb4pex5vsknk084sn02q';
test.each([
  ['empty', ''],
  ['the prefix alone', 'user_'],
  ['no prefix', '01h455vb4pex5vsknk084sn02q'],
  ['upper case', good.toUpperCase()],
  ['upper-case suffix', 'user_01H455VB4PEX5VSKNK084SN02Q'],
  ['one short', good.slice(0, -1)],
  ['one long', `${good}0`],
  ['over 128 bits', 'user_8zzzzzzzzzzzzzzzzzzzzzzzzz'],
  ['a letter the alphabet leaves out', 'user_01h455vb4pex5vsknk084sn02l'],
  ['a hyphen', 'user-01h455vb4pex5vsknk084sn02q'],
  ['a space in front', ` ${good.slice(0, -1)}`],
  ['a line after', `${good.slice(0, -1)}\n`],
  ['the uuid itself', '01890a5d-ac96-774b-bcce-b302099a8057'],
  ['a number', 5],
  ['null', null],
  ['undefined', undefined],
  ['a list', [good]],
  ['an object', { length: 31, startsWith: () => true }],
])('%s is no id', (_name, id) => expect(fromId('user', id)).toBeNull());

test('nothing makes reading throw', () => {
  const almost = fc.tuple(prefixes, fc.string({ minLength: 24, maxLength: 28 })).map((parts) => parts.join('_'));
  fc.assert(
    fc.property(prefixes, fc.oneof(fc.anything(), fc.string(), almost), (prefix, id) => {
      const read = fromId(prefix, id);
      expect(read === null || toId(prefix, read) === id).toBe(true);
    }),
    many,
  );
});

test('new uuids are version 7, differ, and sort by the time they were made, as ids do', () => {
  const made = Array.from({ length: 2_000 }, newUuid);
  expect(new Set(made).size).toBe(made.length);
  for (const uuid of made)
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect([...made].sort()).toEqual(made);
  const ids = made.map((uuid) => toId('ord', uuid));
  expect([...ids].sort()).toEqual(ids);
});
