/** Texts that clients send: what the database could not store is their error, not ours. */
import { UserFault } from '../../platform/errors';
import { freeText, text, validateInput } from '../../platform/graph/validate';
import { z } from 'zod';

const schema = z.object({ name: text(10), note: freeText });
const check = (name: string, note = ''): unknown => {
  try {
    return validateInput(schema, { name, note });
  } catch (error) {
    return error instanceof UserFault ? error.errors.map(({ code, field }) => [code, field]) : error;
  }
};

describe('text', () => {
  test.each([
    ['a high half alone', 'a\ud800b'],
    ['a low half alone', '\udc00'],
    ['a high half at the end', 'abc\ud83d'],
    ['halves the wrong way round', '\ude00\ud83d'],
    ['NUL', 'a\u0000'],
  ])('refuses %s', (_, value) => {
    expect(check(value)).toEqual([['VALIDATION_ERROR', ['name']]]);
    expect(check('fine', value)).toEqual([['VALIDATION_ERROR', ['note']]]);
  });

  test.each(['Ada', 'smile 😀', '\u{10ffff}', 'Ωmega'])('takes %j as it is', (value) => {
    expect(check(value, value)).toEqual({ name: value, note: value });
  });
});
