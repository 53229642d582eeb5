/** Values that appear nowhere by chance, one for each kind of secret and personal datum, and a search for them. */
import { randomBytes, randomInt } from 'node:crypto';

/** Shorter ones could stand somewhere by chance, in base64 of what is sealed for instance. */
const SHORTEST = 8;

/** How a value is found: as it is, or however its letters are written. */
interface Forms {
  exact: string[];
  anyCase: string[];
}

/** Values by what they are. More join as the shop makes them: tokens, secrets. */
export class Canaries {
  private readonly values = new Map<string, Forms>();

  /** Kinds so far. */
  get kinds(): string[] {
    return [...this.values.keys()];
  }

  /** A new value of that kind: `<prefix>canary<hex><suffix>`. It is found by its middle, so that a part of it is a leak, too. */
  make(kind: string, prefix = '', suffix = ''): string {
    return `${prefix}${this.keep(kind, `canary${randomBytes(6).toString('hex')}`)}${suffix}`;
  }

  /** A telephone number; found without its plus as well. */
  phone(): string {
    return `+${this.keep('phone', `1415${randomInt(1_000_000, 10_000_000)}`)}`;
  }

  /** Remembers a value that the shop made, or a card's token. */
  keep(kind: string, value: unknown): string {
    if (typeof value !== 'string' || value.length < SHORTEST) throw new Error(`${kind}: ${typeof value} is no canary`);
    this.values.set(`${kind} ${this.values.size}`, formsOf(value));
    return value;
  }

  /** Kinds whose value stands in the text, in whatever form. */
  in(text: string): string[] {
    const lower = text.toLowerCase();
    return [...this.values]
      .filter(
        ([, { exact, anyCase }]) =>
          exact.some((form) => text.includes(form)) || anyCase.some((form) => lower.includes(form)),
      ) // prettier-ignore
      .map(([kind]) => kind);
  }
}

/** Plain, escaped as JSON, percent-encoded, as hexadecimal (columns of bytes), and as base64 of both alphabets. */
function formsOf(value: string): Forms {
  const plain = [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value)];
  const anyCase = [...plain, Buffer.from(value).toString('hex')].map((form) => form.toLowerCase());
  const base64 = [0, 1, 2].map((before) => base64Within(value, before));
  const exact = base64.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
  return { exact: [...new Set(exact)], anyCase: [...new Set(anyCase)] };
}

/** The part of a base64 text that is the value's alone, when `before` bytes (of three) stand in front of it. */
function base64Within(value: string, before: number): string {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(value)]);
  const whole = Math.floor((bytes.length * 8) / 6);
  return bytes.toString('base64').slice(Math.ceil((before * 8) / 6), whole);
}
