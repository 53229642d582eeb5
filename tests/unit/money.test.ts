/** Money against an oracle that computes the same by other means. */
import fc from 'fast-check';
import { allocate, currencyDigits, formatMinor, MAX_MINOR, multiplyHalfEven, parseMajor } from '../../platform/money';

const currencies = fc.constantFrom('USD', 'EUR', 'JPY', 'KWD', 'CLF');
const minorUnits = fc.bigInt({ min: 0n, max: MAX_MINOR });
const many = { numRuns: 1_000 };

describe('currencies', () => {
  test.each([
    ['USD', 2],
    ['JPY', 0],
    ['KWD', 3],
    ['CLF', 4],
  ])('%s has %i digits', (code, digits) => expect(currencyDigits(code)).toBe(digits));

  test.each(['usd', 'Usd', 'US', '', 'ZZZ', 'USD ', '__proto__'])('"%s" is no currency', (code) => {
    expect(currencyDigits(code)).toBeNull();
    expect(parseMajor('1', code)).toBe('currency');
  });
});

describe('reading and writing', () => {
  test.each([
    ['29.99', 'USD', 2_999n],
    ['30', 'USD', 3_000n],
    ['0.5', 'USD', 50n],
    ['0', 'USD', 0n],
    ['007.10', 'USD', 710n],
    ['1500', 'JPY', 1_500n],
    ['1.005', 'KWD', 1_005n],
    ['10000000000.00', 'USD', MAX_MINOR],
  ])('%s %s', (text, currency, minor) => expect(parseMajor(text, currency)).toBe(minor));

  test.each([
    ['10000000000.01', 'USD', 'range'],
    ['99999999999999999999', 'USD', 'range'],
    ['1.999', 'USD', 'digits'],
    ['1.000', 'USD', 'digits'],
    ['1.0', 'JPY', 'digits'],
    ...[
      '',
      '.',
      '.5',
      '5.',
      '-1',
      '+1',
      '1e3',
      '1,000',
      ' 1',
      '1 ',
      '1\n',
      '0x10',
      '١',
      'NaN',
      'Infinity',
      '1.2.3',
    ].map((text) => [text, 'USD', 'format']),
  ])('%j %s is refused: %s', (text, currency, problem) => expect(parseMajor(text, currency)).toBe(problem));

  test.each([
    [2_999n, 'USD', '29.99'],
    [5n, 'USD', '0.05'],
    [-5n, 'USD', '-0.05'],
    [0n, 'USD', '0.00'],
    [1_500n, 'JPY', '1500'],
    [1n, 'KWD', '0.001'],
  ])('%s minor units of %s are "%s"', (minor, currency, text) => expect(formatMinor(minor, currency)).toBe(text));

  test('what is written reads as what it was', () => {
    fc.assert(
      fc.property(minorUnits, currencies, (minor, currency) => {
        expect(parseMajor(formatMinor(minor, currency), currency)).toBe(minor);
      }),
      many,
    );
  });

  test('no text makes it throw', () => {
    fc.assert(
      fc.property(fc.string(), currencies, (text, currency) => {
        expect(['bigint', 'string']).toContain(typeof parseMajor(text, currency));
      }),
      many,
    );
  });
});

/** How far a whole number lies from the rational n/d, times d; exact. */
function distance(whole: bigint, n: bigint, d: bigint): bigint {
  const difference = whole * d - n;
  return difference < 0n ? -difference : difference;
}

describe('multiplying', () => {
  test.each([
    [5n, 1n, 2n, 2n],
    [15n, 1n, 10n, 2n],
    [25n, 1n, 10n, 2n],
    [35n, 1n, 10n, 4n],
    [-25n, 1n, 10n, -2n],
    [-35n, 1n, 10n, -4n],
    [251n, 1n, 100n, 3n],
    [2_999n, 825n, 10_000n, 247n],
  ])('%s * %s / %s = %s', (amount, n, d, result) => expect(multiplyHalfEven(amount, n, d)).toBe(result));

  test('gives the nearest whole number, and of two equally near the even one', () => {
    const small = fc.bigInt({ min: -1_000n, max: 1_000n });
    const amount = fc.oneof(small, fc.bigInt({ min: -MAX_MINOR, max: MAX_MINOR }));
    const divisor = fc.oneof(fc.constantFrom(1n, 2n, 4n, 10n, 100n, 10_000n), fc.bigInt({ min: 1n, max: 1_000_000n }));
    fc.assert(
      fc.property(amount, small, divisor, (a, n, d) => {
        const result = multiplyHalfEven(a, n, d);
        const off = distance(result, a * n, d);
        for (const neighbour of [result - 1n, result + 1n]) {
          const theirs = distance(neighbour, a * n, d);
          expect(off).toBeLessThanOrEqual(theirs);
          if (off === theirs) expect(result % 2n).toBe(0n);
        }
      }),
      many,
    );
  });
});

describe('splitting', () => {
  const weights = fc.array(fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 100n }), minorUnits), {
    minLength: 1,
    maxLength: 30,
  });

  test.each([
    [100n, [1n, 1n, 1n], [34n, 33n, 33n]],
    [-100n, [1n, 1n, 1n], [-34n, -33n, -33n]],
    [5n, [0n, 0n], [5n, 0n]],
    [0n, [3n, 4n], [0n, 0n]],
    [10n, [], []],
    [7n, [1n, 2n, 4n], [1n, 2n, 4n]],
    [10n, [1n, 5n], [2n, 8n]],
    [1n, [1n, 3n], [0n, 1n]],
  ])('%s over %s', (total, over, parts) => expect(allocate(total, over)).toEqual(parts));

  test('the parts sum to the total, whatever its sign', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -MAX_MINOR, max: MAX_MINOR }), weights, (total, over) => {
        const parts = allocate(total, over);
        expect(parts).toHaveLength(over.length);
        expect(parts.reduce((a, b) => a + b, 0n)).toBe(total);
      }),
      many,
    );
  });

  test('each part is its exact share, rounded down or up; those rounded up have the largest remainders, earlier first', () => {
    fc.assert(
      fc.property(minorUnits, weights, (total, over) => {
        const sum = over.reduce((a, b) => a + b, 0n);
        fc.pre(sum > 0n);
        const shares = allocate(total, over).map((part, index) => {
          const exact = total * (over[index] ?? 0n); // times sum
          return { up: part - exact / sum, remainder: exact % sum, index };
        });
        for (const { up, remainder } of shares) expect(up === 0n || (up === 1n && remainder > 0n)).toBe(true);
        for (const high of shares.filter(({ up }) => up === 1n)) {
          for (const low of shares.filter(({ up }) => up === 0n)) {
            expect(high.remainder > low.remainder || (high.remainder === low.remainder && high.index < low.index)).toBe(
              true,
            );
          }
        }
      }),
      many,
    );
  });
});
