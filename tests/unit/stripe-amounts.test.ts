/** Amounts as Stripe counts them: https://docs.stripe.com/currencies. */
import fc from 'fast-check';
import { MAX_MINOR } from '../../platform/money';
import { fromStripe, toStripe } from '../../subgraphs/payments/provider/stripe-amount.rules';

test.each([
  ['USD', 2_999n, 2_999],
  ['JPY', 500n, 500],
  ['KWD', 5_120n, 5_120],
  ['KWD', 5_124n, null],
  ['ISK', 5n, 500],
  ['UGX', 5n, 500],
  ['MGA', 500n, 5],
  ['MGA', 550n, null],
  ['HUF', 1_045n, 1_045],
])('%s %s is %s', (currency, minor, counted) => {
  expect(toStripe(minor, currency)).toBe(counted);
  if (counted !== null) expect(fromStripe(counted, currency.toLowerCase())).toBe(minor);
});

test('what can be charged comes back as it was', () => {
  const currency = fc.constantFrom('USD', 'EUR', 'JPY', 'KWD', 'TND', 'ISK', 'UGX', 'MGA', 'XOF');
  fc.assert(
    fc.property(currency, fc.bigInt({ min: 0n, max: MAX_MINOR }), (code, minor) => {
      const counted = toStripe(minor, code);
      if (counted === null) return ['KWD', 'TND', 'MGA'].includes(code) && minor % 10n !== 0n ? true : code === 'MGA';
      return Number.isSafeInteger(counted) && fromStripe(counted, code.toLowerCase()) === minor;
    }),
  );
});
