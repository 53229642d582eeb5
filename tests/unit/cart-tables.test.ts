import { isShippingMethod, shippingOffers, shippingPrice } from '../../subgraphs/cart/pricing/shipping-table';
import { taxRate, taxRegion } from '../../subgraphs/cart/pricing/tax-table';

test.each([
  ['US', 'CA', 'CA', 7_250n],
  ['US', ' ca ', 'CA', 7_250n],
  ['US', 'California', 'CA', 7_250n],
  ['US', 'new york', 'NY', 4_000n],
  ['US', 'OR', 'OR', 0n],
  ['US', 'MO', 'MO', 4_225n],
  ['US', 'Bavaria', null, 0n],
  ['US', null, null, 0n],
  ['CA', 'Quebec', 'QC', 14_975n],
  ['DE', 'Bayern', null, 19_000n],
  ['FR', null, null, 20_000n],
  ['GB', null, null, 20_000n],
  ['KE', 'Nairobi', null, 0n],
])('tax in %s, %s: region %s, rate %s', (country, typed, region, rate) => {
  expect(taxRegion(country, typed)).toBe(region);
  expect(taxRate(country, taxRegion(country, typed))).toBe(rate);
});

test('shipping is by zone, in the minor units of the currency', () => {
  expect(shippingPrice('US', 'STANDARD', 'USD')).toBe(599n);
  expect(shippingPrice('CA', 'STANDARD', 'USD')).toBe(1_299n);
  expect(shippingPrice('DE', 'EXPRESS', 'USD')).toBe(3_499n);
  expect(shippingPrice('KE', 'EXPRESS', 'USD')).toBe(4_999n);
  expect(shippingPrice('US', 'STANDARD', 'JPY')).toBe(6n);
  expect(shippingPrice('US', 'STANDARD', 'KWD')).toBe(5_990n);
});

test('without an address the offers are those at home; the day does not move within a day', () => {
  const morning = shippingOffers(null, 'USD', new Date('2026-03-01T00:00:01.000Z'));
  expect(morning).toEqual(shippingOffers('US', 'USD', new Date('2026-03-01T23:59:59.999Z')));
  expect(morning).toEqual([
    {
      method: 'STANDARD',
      name: 'Standard shipping',
      price: 599n,
      estimatedDelivery: new Date('2026-03-06T00:00:00.000Z'),
    },
    {
      method: 'EXPRESS',
      name: 'Express shipping',
      price: 1_499n,
      estimatedDelivery: new Date('2026-03-03T00:00:00.000Z'),
    },
  ]);
});

test('only codes of the table are methods', () => {
  expect(['STANDARD', 'EXPRESS', 'standard', '', 'toString'].map(isShippingMethod)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});
