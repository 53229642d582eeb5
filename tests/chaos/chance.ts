/** Seeded chance: everything random in a run comes from here, so that a seed gives the same buyers and the same faults again. */
import { seededRandom } from '../../platform/random';

/** Draws of one person or one schedule. */
export class Chance {
  private readonly roll: () => number;

  /** `stream` tells the draws of one seed apart: each person has a number. */
  constructor(seed: number, stream: number) {
    this.roll = seededRandom(seed * 10_007 + stream);
  }

  /** Whether something that happens so often (0 to 1) happens now. */
  happens(share: number): boolean {
    return this.roll() < share;
  }

  /** A whole number from `from` up to, and not including, `to`. */
  between(from: number, to: number): number {
    return from + Math.floor(this.roll() * (to - from));
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    const chosen = list[this.between(0, list.length)];
    if (chosen === undefined) throw new Error('nothing to pick from');
    return chosen;
  }

  /** The list in another order (Fisher-Yates). */
  shuffle<T>(list: readonly T[]): T[] {
    const mixed = [...list];
    for (let last = mixed.length - 1; last > 0; last -= 1) {
      const other = this.between(0, last + 1);
      [mixed[last], mixed[other]] = [mixed[other]!, mixed[last]!];
    }
    return mixed;
  }
}
