/** Whose bucket a request is taken from. */
import { randomBytes } from 'node:crypto';
import { ANONYMOUS } from '../../platform/auth/principal';
import { createSealer } from '../../platform/seal';
import { Rates } from '../../gateway/limits/rates';

const rate = { burst: 10, perHour: 100 };
const tiers = { anonymous: rate, signedIn: rate, premium: rate, partner: rate };

/** The key under which a shop with this sealing key counts an address. */
async function keyOf(clientAddress: string, key: Buffer): Promise<string> {
  const taken: string[] = [];
  const limiter = {
    take: async (bucket: string) => {
      taken.push(bucket);
      return { allowed: true, remaining: 9, resetSeconds: 1, retrySeconds: 0 };
    },
    close: async () => undefined,
  };
  await new Rates(limiter, tiers, createSealer([{ version: 1, key }])).take({ principal: ANONYMOUS, clientAddress }, 1);
  return taken.join();
}

test('an address has one bucket, and who does not know the key of the shop cannot tell whose it is', async () => {
  const [ours, other] = [randomBytes(32), randomBytes(32)];
  const key = await keyOf('192.0.2.1', ours);
  expect(key).toMatch(/^address:[\w-]{43}$/);
  expect(await keyOf('192.0.2.1', ours)).toBe(key);
  expect(await keyOf('192.0.2.2', ours)).not.toBe(key);
  expect(await keyOf('192.0.2.1', other)).not.toBe(key);
});
