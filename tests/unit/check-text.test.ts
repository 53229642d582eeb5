/** Documents too deep or too long to be parsed are told from those that only look so. */
import fc from 'fast-check';
import { Lexer, Source, TokenKind } from 'graphql';
import { Fault } from '../../platform/errors';
import { checkText } from '../../gateway/limits/check-text';

function refused(text: string): boolean {
  try {
    checkText(text);
    return false;
  } catch (error) {
    if (error instanceof Fault && error.code === 'INVALID_REQUEST') return true;
    throw error;
  }
}

test.each(['{', '[', '(', '{[('])('200 levels of %s pass, 201 do not, whether or not they are closed', (brackets) => {
  const nested = (levels: number): string => brackets.repeat(levels).slice(0, levels);
  expect([refused(nested(200)), refused(nested(201)), refused(`${nested(300)}${'}'.repeat(300)}`)]).toEqual([
    false,
    true,
    true,
  ]);
  expect(refused('{ a(x: [1]) { b } } '.repeat(300))).toBe(false);
});

test.each([
  ['a string', `{ a(x: "${'{'.repeat(500)}") }`, false],
  ['a string with a quotation mark', `{ a(x: "\\"${'{'.repeat(500)}") }`, false],
  ['a block string', `{ a(x: """ " ${'{'.repeat(500)} \\""" ${'['.repeat(500)}""") }`, false],
  ['a comment', `# ${'{'.repeat(500)}\n{ a }`, false],
  ['after a string', `{ a(x: "\\\\") ${'{'.repeat(500)}`, true],
  ['after a string that does not end', `{ a(x: "\n${'{'.repeat(500)}`, true],
  ['after an empty string', `{ a(x: "") ${'{'.repeat(500)}`, true],
  ['after a block string', `{ a(x: """x""") ${'{'.repeat(500)}`, true],
  ['after a comment', `# " \r${'{'.repeat(500)}`, true],
])('brackets in %s', (_where, text, is) => expect(refused(text)).toBe(is));

test.each(['a ', '1 ', '-1.5e-3 ', '"" ', '"""x""" ', '$', '!', '|', '&', '=', ':', '@', '{}', 'a#\n', '\uFEFFa,'])(
  '5,000 tokens of %j pass, 5,001 do not',
  (piece) => {
    const count = piece === '{}' ? 2 : 1;
    expect([refused(piece.repeat(5_000 / count)), refused(piece.repeat(5_001))]).toEqual([false, true]);
  },
);

test.each([
  ['a field', (name: string) => `{ ${name} }`],
  ['a fragment', (name: string) => `{ ...${name}\n}`],
  ['a variable', (name: string) => `query ($${name}: Int) { a }`],
])('names of 200 characters pass, of 201 do not: %s', (_what, document) => {
  expect([refused(document('a'.repeat(200))), refused(document('a'.repeat(201)))]).toEqual([false, true]);
  expect(refused(`{ a(x: "${'a'.repeat(300)}") }`)).toBe(false);
});

test('sees the brackets and tokens that the lexer of graphql-js sees', () => {
  const piece = fc.oneof(
    fc.constantFrom('{', '}', '[', ']', '(', ')', '"', '"""', '\\"""', '\\', '#', '\n', '\r', 'a', ' '),
    fc.constantFrom('{'.repeat(201), '['.repeat(201), 'a '.repeat(2_000), '$'.repeat(2_000), '"" '.repeat(2_000)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = pieces.join('');
      let level = 0;
      let deepest = 0;
      let tokens = 0;
      try {
        const lexer = new Lexer(new Source(text));
        for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) {
          if (['{', '[', '('].includes(token.kind)) level += 1;
          if (['}', ']', ')'].includes(token.kind)) level -= 1;
          deepest = Math.max(deepest, level);
          tokens += 1;
        }
      } catch {
        return; // not a document at all: the parser says so
      }
      expect(refused(text)).toBe(deepest > 200 || tokens > 5_000);
    }),
    { numRuns: 2_000 },
  );
});
