/** Keys are changed while the shop runs: what the old ones made goes on working, until they are taken away. */
import { generateKeyPairSync } from 'node:crypto';
import { createAccessTokenSigner, createAccessTokenVerifier } from '../../platform/auth/access-token';
import { Fault } from '../../platform/errors';
import { createSealer } from '../../platform/seal';
import { emailIndex } from '../../subgraphs/accounts/account.rules';
import { mailTokenOf } from '../../subgraphs/accounts/credentials/mail-token';
import { successorOf } from '../../subgraphs/accounts/session.rules';

const ID = '018d0000-0000-7000-8000-0000000000aa';

test('access tokens: signed by the first key, verified by all, refused once their key is gone', async () => {
  const key = (kid: string) => ({ kid, privateKey: generateKeyPairSync('ed25519').privateKey });
  const [old, fresh] = [key('old'), key('new')];
  const clock = { now: () => new Date('2030-01-01T00:00:00Z') };
  const expiresAt = new Date('2030-01-01T01:00:00Z');
  const sign = (...keys: ReturnType<typeof key>[]) =>
    createAccessTokenSigner(keys).sign({ userId: ID, role: 'CUSTOMER', sessionId: ID, expiresAt });
  const verify = async (token: string, ...keys: ReturnType<typeof key>[]) =>
    (await createAccessTokenVerifier(createAccessTokenSigner(keys).publicJwks(), clock).verify(token)).principal;
  const principal = { kind: 'user', id: ID, role: 'CUSTOMER', sessionId: ID };
  const before = await sign(old);
  // The new one at the end first: everybody knows it before anybody signs with it.
  expect(await verify(await sign(old, fresh), old, fresh)).toEqual(principal);
  expect(await verify(await sign(fresh, old), old, fresh)).toEqual(principal);
  expect(await verify(before, fresh, old)).toEqual(principal);
  expect(await verify(await sign(fresh, old), fresh)).toEqual(principal);
  await expect(verify(before, fresh)).rejects.toThrow(Fault);
});

test('encryption keys: a new one in front changes no index and no token, and opens what the old one sealed', () => {
  const old = { version: 1, key: Buffer.alloc(32, 1) };
  const before = createSealer([old]);
  const after = createSealer([{ version: 2, key: Buffer.alloc(32, 2) }, old]);
  expect(after.open(before.seal('Ada'))).toBe('Ada');
  expect(after.seal('Ada')).toMatch(/^v2\./);
  expect(emailIndex(after, 'Ada@Example.com')).toBe(emailIndex(before, 'ada@example.com'));
  expect(mailTokenOf(after, ID)).toBe(mailTokenOf(before, ID));
  expect(successorOf(after, 'token', 'nonce')).toBe(successorOf(before, 'token', 'nonce'));
});
