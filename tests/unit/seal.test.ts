/** Field encryption: what is sealed can be opened by whoever has the key, and by nobody else; nothing tells its content. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { z } from 'zod';
import { hashSecretToken, newSecretToken } from '../../platform/auth/secret-token';
import { Fault } from '../../platform/errors';
import { createSealer, installSealer, sealedColumn, type Sealer } from '../../platform/seal';

const first = { version: 1, key: randomBytes(32) };
const second = { version: 2, key: randomBytes(32) };
const sealer = createSealer([first]);

function failure(work: () => unknown): Fault {
  try {
    work();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

test('whatever text is sealed opens to itself', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: 'grapheme' })), (text) => {
      const sealed = sealer.seal(text);
      expect(sealed).toMatch(/^v1\.[A-Za-z0-9_-]+$/);
      expect(sealer.open(sealed)).toBe(text);
    }),
  );
});

test('a sealed text has the documented form: 96 bits of nonce, the ciphertext, 128 bits of tag; never twice the same', () => {
  const sealed = Array.from({ length: 100 }, () => sealer.seal('ada@souk.example'));
  expect(new Set(sealed).size).toBe(100);
  for (const text of sealed) {
    expect(Buffer.from(text.slice('v1.'.length), 'base64url')).toHaveLength(12 + 'ada@souk.example'.length + 16);
  }
});

test('any change of any byte is refused, without content', () => {
  const sealed = sealer.seal('12 Harbour Street');
  const bytes = Buffer.from(sealed.slice(3), 'base64url');
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8((changed.readUInt8(at) ^ 1) & 0xff, at);
    const fault = failure(() => sealer.open(`v1.${changed.toString('base64url')}`));
    expect([fault.code, fault.message, fault.cause, fault.details]).toEqual([
      'INTERNAL_ERROR',
      'Something went wrong on our side.',
      undefined,
      undefined,
    ]);
  }
});

test.each(['', 'v1.', 'v1', '1.AAAA', 'v0.AAAA', 'v01.AAAA', 'plain text', 'v1.AAAA', 'v1.====', 'v99999999999.AAAA'])(
  'what was never sealed is refused: "%s"',
  (text) => expect(failure(() => sealer.open(text)).code).toBe('INTERNAL_ERROR'),
);

test('a shortened value is refused, also by its tag', () => {
  const sealed = sealer.seal('12 Harbour Street');
  for (let length = 0; length < sealed.length; length += 1) {
    expect(failure(() => sealer.open(sealed.slice(0, length))).code).toBe('INTERNAL_ERROR');
  }
});

test('the version is part of what is sealed, and an unknown one is refused', () => {
  const twins = createSealer([{ version: 2, key: first.key }, first]);
  const sealed = sealer.seal('x');
  expect(twins.open(sealed)).toBe('x');
  expect(failure(() => twins.open(sealed.replace('v1.', 'v2.'))).code).toBe('INTERNAL_ERROR');
  expect(failure(() => createSealer([second]).open(sealed)).code).toBe('INTERNAL_ERROR');
});

test('rotation: the first key seals, all open, and the blind index stays', () => {
  const rotated = createSealer([second, first]);
  const old = sealer.seal('ada@souk.example');
  const fresh = rotated.seal('ada@souk.example');
  expect(fresh.startsWith('v2.')).toBe(true);
  expect([rotated.open(old), rotated.open(fresh)]).toEqual(['ada@souk.example', 'ada@souk.example']);
  expect(rotated.blindIndex('ada@souk.example')).toBe(sealer.blindIndex('ada@souk.example'));
  expect(createSealer([second]).blindIndex('ada@souk.example')).not.toBe(sealer.blindIndex('ada@souk.example'));
});

test('a key is rotated process by process: each opens at every step what the others seal, and finds it', () => {
  const steps = [[first], [first, second], [second, first]].map((keys) => createSealer(keys));
  steps.forEach((newer, step) => {
    // While a step is under way, processes of it and of the one before run side by side.
    const older = steps[Math.max(0, step - 1)]!;
    expect(older.open(newer.seal('ada@souk.example'))).toBe('ada@souk.example');
    expect(newer.open(older.seal('ada@souk.example'))).toBe('ada@souk.example');
    expect(newer.blindIndex('ada@souk.example')).toBe(sealer.blindIndex('ada@souk.example'));
  });
});

test('the blind index is equal for equal texts only', () => {
  expect(sealer.blindIndex('a@souk.example')).toMatch(/^[A-Za-z0-9_-]{43}$/);
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      expect(sealer.blindIndex(a) === sealer.blindIndex(b)).toBe(a === b);
    }),
  );
});

test('JSON is decoded by its schema; what does not fit is refused without content', () => {
  const address = z.object({ line1: z.string(), country: z.string() });
  const sealed = sealer.sealJson({ line1: '12 Harbour Street', country: 'GB' });
  expect(sealer.openJson(sealed, address)).toEqual({ line1: '12 Harbour Street', country: 'GB' });
  for (const wrong of [sealer.sealJson({ line1: 'secret street' }), sealer.seal('{secret')]) {
    const fault = failure(() => sealer.openJson(wrong, address));
    expect([fault.code, fault.cause]).toEqual(['INTERNAL_ERROR', undefined]);
    expect(fault.message).not.toContain('secret');
  }
});

test.each([
  ['no key', []],
  ['a short key', [{ version: 1, key: randomBytes(16) }]],
  ['version 0', [{ version: 0, key: randomBytes(32) }]],
  ['a broken version', [{ version: 1.5, key: randomBytes(32) }]],
  ['two keys of one version', [first, { version: 1, key: randomBytes(32) }]],
])('%s makes no sealer', (_name, keys) => expect(() => createSealer(keys)).toThrow(RangeError));

describe('a sealed column', () => {
  const column = sealedColumn();
  let other: Sealer;

  test('needs a sealer, which may come after the entity was declared', () => {
    expect(() => void column.to('x')).toThrow('installSealer');
    other = createSealer([second, first]);
    installSealer(other);
    const stored: unknown = column.to('Ada');
    expect(stored).toMatch(/^v2\./);
    expect(column.from(stored)).toBe('Ada');
    expect(column.from(sealer.seal('Ada'))).toBe('Ada');
  });

  test('null stays null, a column that was not set stays so, an empty text is sealed', () => {
    expect([column.to(null), column.from(null)]).toEqual([null, null]);
    expect([column.to(undefined), column.from(undefined)]).toEqual([undefined, undefined]);
    expect(column.from(column.to(''))).toBe('');
    expect(column.to('')).toMatch(/^v2\./);
  });
});

test('secret tokens: 256 bits, never the same, stored as SHA-256', () => {
  const tokens = Array.from({ length: 1_000 }, newSecretToken);
  expect(new Set(tokens).size).toBe(1_000);
  for (const token of tokens) expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  // FIPS 180-4, example "abc": ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 96177a9c b410ff61 f20015ad
  expect(hashSecretToken('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0');
});
