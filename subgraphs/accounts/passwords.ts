/** Password hashes: argon2id, a few at a time. */
import { hash, verify, type Options } from '@node-rs/argon2';
import { Fault } from '../../platform/errors';

/** OWASP's password storage cheat sheet: argon2id (the library's default), 19 MiB, two passes, one lane. */
const PARAMETERS: Options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Checked when nobody has the e-mail address, with the same parameters, so that the answer takes as long. Fits no password. */
const NOBODYS_HASH = `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/** Hashes and checks passwords. Both reject with Fault SERVICE_UNAVAILABLE when too many are waiting already. */
export interface Passwords {
  /** The hash in PHC string format, with its salt and parameters. */
  hash(password: string): Promise<string>;
  /** Whether the password is the hash's. `null` (no such account) takes as long as any other and is false. */
  verify(hash: string | null, password: string): Promise<boolean>;
}

/**
 * Makes them. `concurrent`: hashes at once, 19 MiB each; fifty log-ins at once would cost a gigabyte. `waiting`: how many may
 * wait for their turn; at about 20 ms a hash the last one waits a third of a second, and a flood is refused, not queued.
 */
export function createPasswords(options: { concurrent?: number; waiting?: number } = {}): Passwords {
  const inTurn = createTurns(options.concurrent ?? 4, options.waiting ?? 64);
  return {
    hash: (password) => inTurn(() => hash(sameText(password), PARAMETERS)),
    verify: async (known, password) => {
      const fits = await inTurn(() => verify(known ?? NOBODYS_HASH, sameText(password)));
      return fits && known !== null;
    },
  };
}

/** Keyboards send the same characters composed or decomposed (NIST SP 800-63B, 3.1.1.2); without this é may not be é. */
function sameText(password: string): string {
  return password.normalize('NFKC');
}

function createTurns(concurrent: number, waiting: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = concurrent;
  const queue: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else if (queue.length >= waiting) throw new Fault('SERVICE_UNAVAILABLE');
    // The turn is handed over by the one that ends, so `free` stays as it is.
    else await new Promise<void>((resolve) => queue.push(resolve));
    try {
      return await work();
    } finally {
      const next = queue.shift();
      if (next) next();
      else free += 1;
    }
  };
}
