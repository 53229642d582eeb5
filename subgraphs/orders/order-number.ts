/** Order numbers: short, for people to read out, and not guessable in sequence. */
import { randomInt } from 'node:crypto';

/** Crockford's base 32: no I, L, O or U, which are mistaken for others. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LENGTH = 10;

/** A new number: 10 random characters, 50 bits. With a thousand million orders one in a million attempts is taken already. */
export function newOrderNumber(): string {
  return Array.from({ length: LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
}

const FORM = new RegExp(`^[${ALPHABET}]{${LENGTH}}$`);

/** A number as somebody has typed it, in the form that is stored; null if it is none. */
export function parseOrderNumber(text: string): string | null {
  const number = text.toUpperCase();
  return FORM.test(number) ? number : null;
}
