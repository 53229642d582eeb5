/** Arithmetic of money written down a second time, the slow and obvious way, for properties to be compared with. */

/** The sum. */
export const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n);

/** Half-even rounding of a fraction by counting: the whole number whose double is nearest, the even one of two. */
export function rounded(numerator: bigint, denominator: bigint): bigint {
  const floor = numerator / denominator;
  const distance = (candidate: bigint): bigint => {
    const difference = numerator - candidate * denominator;
    return difference < 0n ? -difference : difference;
  };
  const [low, high] = [distance(floor), distance(floor + 1n)];
  if (low === high) return floor % 2n === 0n ? floor : floor + 1n;
  return low < high ? floor : floor + 1n;
}

/** Largest remainder, one unit at a time: the next goes to whoever lacks most of its exact share. */
export function spread(total: bigint, weights: readonly bigint[]): bigint[] {
  const all = sum(weights);
  const parts = weights.map((weight) => (all === 0n ? 0n : (total * weight) / all));
  for (let left = total - sum(parts); left > 0n; left -= 1n) {
    const lacks = weights.map((weight, index) => total * weight - parts[index]! * all);
    const most = lacks.reduce((best, lack, index) => (lack > lacks[best]! ? index : best), 0);
    parts[most]! += 1n;
  }
  return parts;
}
