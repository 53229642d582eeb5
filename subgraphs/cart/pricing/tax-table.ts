/**
 * Tax by country and region: state sales tax in the United States (without counties and cities), GST and HST in Canada, standard
 * VAT elsewhere. Rates in 1/100,000, in force at the beginning of 2025. Countries and regions that are not listed are untaxed.
 * A shop that sells for real puts its accountant's table here.
 */

/** Country by ISO 3166-1 alpha-2: one rate, or one for each region by its ISO 3166-2 code and name. */
type CountryTax = number | { readonly regions: readonly (readonly [code: string, name: string, rate: number])[] };

const TAX: Readonly<Record<string, CountryTax>> = {
  US: {
    regions: [
      ['AL', 'Alabama', 4_000], ['AK', 'Alaska', 0], ['AZ', 'Arizona', 5_600], ['AR', 'Arkansas', 6_500],
      ['CA', 'California', 7_250], ['CO', 'Colorado', 2_900], ['CT', 'Connecticut', 6_350], ['DE', 'Delaware', 0],
      ['DC', 'District of Columbia', 6_000], ['FL', 'Florida', 6_000], ['GA', 'Georgia', 4_000], ['HI', 'Hawaii', 4_000],
      ['ID', 'Idaho', 6_000], ['IL', 'Illinois', 6_250], ['IN', 'Indiana', 7_000], ['IA', 'Iowa', 6_000],
      ['KS', 'Kansas', 6_500], ['KY', 'Kentucky', 6_000], ['LA', 'Louisiana', 5_000], ['ME', 'Maine', 5_500],
      ['MD', 'Maryland', 6_000], ['MA', 'Massachusetts', 6_250], ['MI', 'Michigan', 6_000], ['MN', 'Minnesota', 6_875],
      ['MS', 'Mississippi', 7_000], ['MO', 'Missouri', 4_225], ['MT', 'Montana', 0], ['NE', 'Nebraska', 5_500],
      ['NV', 'Nevada', 6_850], ['NH', 'New Hampshire', 0], ['NJ', 'New Jersey', 6_625], ['NM', 'New Mexico', 4_875],
      ['NY', 'New York', 4_000], ['NC', 'North Carolina', 4_750], ['ND', 'North Dakota', 5_000], ['OH', 'Ohio', 5_750],
      ['OK', 'Oklahoma', 4_500], ['OR', 'Oregon', 0], ['PA', 'Pennsylvania', 6_000], ['RI', 'Rhode Island', 7_000],
      ['SC', 'South Carolina', 6_000], ['SD', 'South Dakota', 4_200], ['TN', 'Tennessee', 7_000], ['TX', 'Texas', 6_250],
      ['UT', 'Utah', 6_100], ['VT', 'Vermont', 6_000], ['VA', 'Virginia', 5_300], ['WA', 'Washington', 6_500],
      ['WV', 'West Virginia', 6_000], ['WI', 'Wisconsin', 5_000], ['WY', 'Wyoming', 4_000],
    ],
  }, // prettier-ignore
  CA: {
    regions: [
      ['AB', 'Alberta', 5_000], ['BC', 'British Columbia', 12_000], ['MB', 'Manitoba', 12_000],
      ['NB', 'New Brunswick', 15_000], ['NL', 'Newfoundland and Labrador', 15_000], ['NT', 'Northwest Territories', 5_000],
      ['NS', 'Nova Scotia', 15_000], ['NU', 'Nunavut', 5_000], ['ON', 'Ontario', 13_000],
      ['PE', 'Prince Edward Island', 15_000], ['QC', 'Quebec', 14_975], ['SK', 'Saskatchewan', 11_000],
      ['YT', 'Yukon', 5_000],
    ],
  }, // prettier-ignore
  AT: 20_000, AU: 10_000, BE: 21_000, BG: 20_000, CH: 8_100, CY: 19_000, CZ: 21_000, DE: 19_000, DK: 25_000, EE: 22_000,
  ES: 21_000, FI: 25_500, FR: 20_000, GB: 20_000, GR: 24_000, HR: 25_000, HU: 27_000, IE: 23_000, IT: 22_000, JP: 10_000,
  LT: 21_000, LU: 17_000, LV: 21_000, MT: 18_000, MX: 16_000, NL: 21_000, NO: 25_000, NZ: 15_000, PL: 23_000, PT: 23_000,
  RO: 19_000, SE: 25_000, SI: 22_000, SK: 23_000,
}; // prettier-ignore

/**
 * The tax region of an address: its code ("CA" for `ca` and for `California`), or null where regions make no difference or this
 * one is not known. Only this leaves the sealed address, never what somebody typed.
 */
export function taxRegion(countryCode: string, region: string | null): string | null {
  const tax = TAX[countryCode];
  if (tax === undefined || typeof tax === 'number' || region === null) return null;
  const wanted = region.trim().toLowerCase();
  const found = tax.regions.find(([code, name]) => code.toLowerCase() === wanted || name.toLowerCase() === wanted);
  return found?.[0] ?? null;
}

/** The rate in 1/100,000 for a country and a region given by {@link taxRegion}; 0 where none is known. */
export function taxRate(countryCode: string, region: string | null): bigint {
  const tax = TAX[countryCode];
  if (tax === undefined) return 0n;
  if (typeof tax === 'number') return BigInt(tax);
  return BigInt(tax.regions.find(([code]) => code === region)?.[2] ?? 0);
}
