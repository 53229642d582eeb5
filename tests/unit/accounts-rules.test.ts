import fc from 'fast-check';
import type { Principal } from '../../platform/auth/principal';
import { createSealer } from '../../platform/seal';
import { emailIndex, newPasswordText, viewOf } from '../../subgraphs/accounts/account.rules';
import { MAX_ATTEMPTS, nextAttempt } from '../../subgraphs/accounts/mail/mail.rules';
import { orderConfirmationMail } from '../../subgraphs/accounts/mail/order-confirmation';
import { createPasswords } from '../../subgraphs/accounts/passwords';
import { judgeRefresh, successorOf } from '../../subgraphs/accounts/session.rules';

const sealer = createSealer([{ version: 1, key: Buffer.alloc(32, 1) }]);
const at = (ms: number): Date => new Date(1_800_000_000_000 + ms);
const ME = '018d0000-0000-7000-8000-0000000000aa';
const OTHER = '018d0000-0000-7000-8000-0000000000bb';
const user = (role: 'CUSTOMER' | 'SUPPORT' | 'PARTNER' | 'ADMIN'): Principal => ({
  kind: 'user',
  id: ME,
  role,
  sessionId: ME,
});

describe('e-mail index', () => {
  it('knows no case and every other difference', () => {
    expect(emailIndex(sealer, 'Ada@Example.COM')).toBe(emailIndex(sealer, 'ada@example.com'));
    expect(emailIndex(sealer, 'ada@example.com ')).not.toBe(emailIndex(sealer, 'ada@example.com'));
  });
});

describe('who sees what of a user', () => {
  it.each([
    [{ kind: 'anonymous' }, OTHER, 'nothing'],
    [{ kind: 'guest', id: OTHER }, OTHER, 'nothing'],
    [{ kind: 'service', name: 'orders' }, OTHER, 'nothing'],
    [user('CUSTOMER'), ME, 'all'],
    [user('CUSTOMER'), OTHER, 'nothing'],
    [user('PARTNER'), ME, 'all'],
    [user('PARTNER'), OTHER, 'nothing'],
    [user('SUPPORT'), ME, 'all'],
    [user('SUPPORT'), OTHER, 'contact'],
    [user('ADMIN'), OTHER, 'all'],
  ] satisfies [Principal, string, string][])('%j of %s: %s', (principal, of, view) => {
    expect(viewOf(principal, of)).toBe(view);
  });
});

describe('refresh tokens', () => {
  const token = (usedAt: Date | null) => ({ expiresAt: at(1_000_000), usedAt });
  it.each([
    ['new', token(null), false, at(0), 'rotate'],
    ['expired to the millisecond', token(null), false, at(1_000_000), 'refuse'],
    ['of a session that is over', token(null), true, at(0), 'refuse'],
    ['used 10 s ago', token(at(0)), false, at(10_000), 'repeat'],
    ['used a millisecond earlier', token(at(0)), false, at(10_001), 'revoke'],
    ['used by a clock ahead of ours', token(at(50)), false, at(0), 'repeat'],
    ['used long ago, of a session that is over', token(at(0)), true, at(20_000), 'refuse'],
  ] as const)('one that is %s', (_, known, ended, now, verdict) => {
    expect(judgeRefresh(known, ended, now)).toBe(verdict);
  });

  it('have a successor that takes token, nonce and key', () => {
    const successor = successorOf(sealer, 'token', 'nonce');
    expect(successor).toMatch(/^[\w-]{43}$/);
    expect(successorOf(sealer, 'token', 'nonce')).toBe(successor);
    const others = [
      successorOf(sealer, 'token2', 'nonce'),
      successorOf(sealer, 'token', 'nonce2'),
      successorOf(createSealer([{ version: 1, key: Buffer.alloc(32, 2) }]), 'token', 'nonce'),
    ];
    expect(new Set([successor, ...others]).size).toBe(4);
  });
});

describe('passwords', () => {
  it.each([
    ['123456789', false],
    ['1234567890', true],
    ['x'.repeat(128), true],
    ['x'.repeat(129), false],
    [' '.repeat(12), false],
    ['with\u0000nothing', false],
  ])('%j may be chosen: %s', (password, good) => {
    expect(newPasswordText.safeParse(password).success).toBe(good);
  });

  it('are kept as argon2id with 19 MiB and two passes, and no other fits', async () => {
    const passwords = createPasswords();
    const hash = await passwords.hash('correct horse é');
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await passwords.verify(hash, 'correct horse e\u0301')).toBe(true);
    expect(await passwords.verify(hash, 'correct horse e')).toBe(false);
    expect(await passwords.verify(null, 'correct horse é')).toBe(false);
  });

  it('take their turns, and are refused when too many wait', async () => {
    const passwords = createPasswords({ concurrent: 1, waiting: 2 });
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => passwords.verify(null, 'whatever')));
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    expect(results[4]).toMatchObject({ reason: { code: 'SERVICE_UNAVAILABLE' } });
    // The turns were given back.
    expect(await passwords.verify(null, 'whatever')).toBe(false);
  });
});

describe('mail', () => {
  it('is tried again after longer and longer pauses, then given up', () => {
    expect([1, 2, 3].map(nextAttempt)).toEqual([2_000, 4_000, 8_000]);
    expect(nextAttempt(MAX_ATTEMPTS - 1)).toBe(1_800_000);
    expect(nextAttempt(MAX_ATTEMPTS)).toBeNull();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: MAX_ATTEMPTS - 2 }), (n) => nextAttempt(n)! <= nextAttempt(n + 1)!),
    );
  });

  const order = {
    orderId: ME,
    number: 'K7-XQ2',
    currencyCode: 'USD',
    total: 6_498n,
    lines: [
      { productName: 'Mug\nTotal 0.01', variantName: 'blue', sku: 'MUG-1', quantity: 2, total: 5_998n },
      { productName: 'Card', variantName: 'Card', sku: 'CARD', quantity: 1, total: 500n },
    ],
    token: null,
  };

  it('says number, lines, total and where to look, under a Message-ID of the order', () => {
    const mail = orderConfirmationMail(order, 'ada@example.com', 'https://souk.example');
    expect(mail).toMatchObject({
      to: 'ada@example.com',
      subject: 'Your order K7-XQ2 is confirmed',
      messageId: expect.stringMatching(/^<order-confirmation\.ord_\w{26}@souk>$/) as unknown,
    });
    expect(mail.text).toContain('  2 x Mug Total 0.01, blue (MUG-1)   59.98 USD\n  1 x Card (CARD)   5.00 USD\n');
    expect(mail.text).toContain('Total  64.98 USD');
    expect(mail.text).toContain('https://souk.example/graphql');
    expect(mail.text).not.toContain('token');
    expect(orderConfirmationMail(order, 'x@example.com', '').messageId).toBe(mail.messageId);
  });

  it('gives a guest the token', () => {
    const { text } = orderConfirmationMail({ ...order, token: 'secret' }, 'guest@example.com', 'https://souk.example');
    expect(text).toContain('order(number: "K7-XQ2", token: "secret")');
    expect(text).toMatch(/orderUpdated\(orderId: "ord_\w{26}", token: "secret"\)/);
  });
});
