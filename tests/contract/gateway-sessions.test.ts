/** Sockets and the sessions they speak for: expiry, revocation, renewal, and accounts being away. */
import { randomUUID } from 'node:crypto';
import { createClient } from 'graphql-ws';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { ANONYMOUS } from '../../platform/auth/principal';
import { systemClock, type Clock } from '../../platform/clock';
import { codeOf, type Fault } from '../../platform/errors';
import { createMemoryPubSub } from '../../platform/pubsub/memory';
import { startSessions } from '../../gateway/session-watch';
import { RIGHTS_CHANNEL } from '../../subgraphs/accounts/messages';
import { startTestGateway, USER_ID, type TestGateway } from '../support/gateway';
import { closeSockets, RawSocket, until } from '../support/raw-socket';

/** Runs, and can be put forward. */
class FastClock implements Clock {
  ahead = 0;
  now(): Date {
    return new Date(Date.now() + this.ahead);
  }
}

const clock = new FastClock();
let shop: TestGateway;
beforeAll(async () => {
  shop = await startTestGateway({ clock });
});
afterAll(() => shop.gateway.stop());
afterEach(async () => {
  closeSockets();
  Object.assign(shop.sessions, { down: false, asked: [] });
  shop.sessions.ended.clear();
  clock.ahead = 0;
  await until(() => shop.openStreams() === 0);
});

const WATCH = 'subscription { orderUpdated(orderId: "o1") { step } }';
const next = (step: number) => ({ id: 'a', type: 'next', payload: { data: { orderUpdated: { step } } } });
const EXPIRED = { code: 4403, reason: 'The access token has expired.' };
const ENDED = { code: 4403, reason: 'The session is over. Sign in again.' };
const text: unknown = expect.any(String);

/** Somebody with a session of their own. */
async function someone(options: { userId?: string; expiresInSeconds?: number; role?: 'SUPPORT' } = {}) {
  const who = { userId: randomUUID(), sessionId: randomUUID(), ...options };
  return { ...who, authorization: `Bearer ${await shop.token(who)}` };
}

let watchers = 0;
/** A socket that watches an order. The name is its own, for equal subscriptions of a session share a stream. */
async function watcher(authorization?: string): Promise<RawSocket> {
  const before = shop.openStreams();
  const client = await new RawSocket(shop).init({ authorization });
  client.subscribe(WATCH.replace('subscription', `subscription W${(watchers += 1)}`));
  await until(() => shop.openStreams() === before + 1);
  return client;
}

/** Fails when the socket gets anything else than this event. */
async function stillWatches(client: RawSocket, step: number): Promise<void> {
  shop.publish(step);
  expect(await client.messages(1)).toEqual([next(step)]);
}

async function cuts(reason: string): Promise<number> {
  const metrics = await (await fetch(`${shop.url}/metrics`)).text();
  return Number(new RegExp(`^souk_sockets_cut_total\\{reason="${reason}"\\} (\\d+)`, 'm').exec(metrics)?.[1] ?? 0);
}

describe('a session that ends', () => {
  test('by its token expiring closes the socket, and no other', async () => {
    const before = await cuts('expired');
    const [ada, grace, nobody] = [
      await watcher((await someone({ expiresInSeconds: 60 })).authorization),
      await watcher((await someone({ expiresInSeconds: 600 })).authorization),
      await watcher(),
    ];
    clock.ahead = 61_000;
    expect(await ada.closed).toEqual(EXPIRED);
    expect(shop.openStreams()).toBe(2);
    await stillWatches(grace, 1);
    expect(await nobody.messages(1)).toEqual([next(1)]);
    expect(ada.received).toEqual([]);
    expect(await cuts('expired')).toBe(before + 1);
  });

  test('by revocation closes all its sockets when accounts says so, asking about that user alone', async () => {
    const before = await cuts('revoked');
    const ada = await someone();
    const sockets = [await watcher(ada.authorization), await watcher(ada.authorization)];
    const grace = await watcher((await someone()).authorization);
    shop.sessions.ended.add(ada.sessionId);
    shop.sessions.asked.length = 0;
    await shop.sessions.pubsub.publish(RIGHTS_CHANNEL, { userId: ada.userId });
    for (const { closed } of sockets) expect(await closed).toEqual(ENDED);
    expect(shop.sessions.asked).toContain(1);
    await stillWatches(grace, 1);
    expect(sockets.map(({ received }) => received)).toEqual([[], []]);
    expect(await cuts('revoked')).toBe(before + 2);
  });

  test('is noticed when nobody says so', async () => {
    const ada = await someone();
    const [mine, hers] = [await watcher(ada.authorization), await watcher((await someone()).authorization)];
    shop.sessions.ended.add(ada.sessionId);
    await until(() => shop.openStreams() === 1);
    expect(await mine.closed).toEqual(ENDED);
    await stillWatches(hers, 1);
  });

  test('leaves the other sessions of its user alone', async () => {
    const phone = await someone();
    const laptop = await someone({ userId: phone.userId });
    const [first, second] = [await watcher(phone.authorization), await watcher(laptop.authorization)];
    shop.sessions.ended.add(phone.sessionId);
    await shop.sessions.pubsub.publish(RIGHTS_CHANNEL, { userId: phone.userId });
    expect(await first.closed).toEqual(ENDED);
    await stillWatches(second, 1);
  });

  test('is over for whoever comes after: 4403, and nothing is opened', async () => {
    const ada = await someone();
    shop.sessions.ended.add(ada.sessionId);
    const client = await new RawSocket(shop).open();
    client.send({ type: 'connection_init', payload: { authorization: ada.authorization } });
    client.subscribe(WATCH);
    expect((await client.closed).code).toBeGreaterThanOrEqual(4401);
    expect([client.received, shop.openStreams()]).toEqual([[], 0]);
  });
});

describe('a role that changes', () => {
  const CHANGED = { code: 'UNAUTHENTICATED', details: { reason: 'ROLE_CHANGED' } };
  const demote = async ({ sessionId, userId }: { sessionId: string; userId: string }): Promise<void> => {
    shop.sessions.roles.set(sessionId, 'CUSTOMER');
    await shop.sessions.pubsub.publish(RIGHTS_CHANNEL, { userId });
    // The word comes later, as over a wire.
    await new Promise((heard) => setImmediate(heard));
  };
  const whoami = async (authorization: string) => (await shop.post({ query: '{ whoami }' }, { authorization })).body;

  test('makes its tokens void, over HTTP and for what is opened; the session goes on with a new one', async () => {
    const ada = await someone({ role: 'SUPPORT' });
    expect(await whoami(ada.authorization)).toEqual({ data: { whoami: `SUPPORT:${ada.userId}` } });
    await demote(ada);
    const fresh = `Bearer ${await shop.token({ userId: ada.userId, sessionId: ada.sessionId })}`;
    const asked = shop.subgraphs.accounts.requests.length;
    for (let turn = 0; turn < 2; turn += 1) {
      expect(await whoami(ada.authorization)).toMatchObject({ errors: [{ extensions: CHANGED }] });
      expect(shop.subgraphs.accounts.requests).toHaveLength(asked + turn);
      // That the session stands, which is known now, is no good to the old token.
      expect(await whoami(fresh)).toEqual({ data: { whoami: `CUSTOMER:${ada.userId}` } });
    }
    const client = await new RawSocket(shop).open();
    client.send({ type: 'connection_init', payload: { authorization: ada.authorization } });
    expect((await client.closed).code).toBe(4403);
  });

  test('refuses what is begun on a socket, until a ping renews its token; what runs goes on', async () => {
    const ada = await someone({ role: 'SUPPORT' });
    const client = await watcher(ada.authorization);
    await demote(ada);
    const asked = shop.subgraphs.accounts.requests.length;
    client.subscribe('{ whoami }', {}, 'b');
    const [refused] = await client.messages(1);
    expect(refused).toMatchObject({ id: 'b', type: 'error', payload: [{ extensions: CHANGED }] });
    expect(shop.subgraphs.accounts.requests).toHaveLength(asked);
    await stillWatches(client, 1);
    const fresh = await shop.token({ userId: ada.userId, sessionId: ada.sessionId });
    client.send({ type: 'ping', payload: { authorization: `Bearer ${fresh}` } });
    expect(await client.messages(1)).toMatchObject([{ type: 'pong', payload: { authorization: 'accepted' } }]);
    client.subscribe('{ whoami }', {}, 'c');
    const [answer] = await client.messages(2);
    expect(answer?.payload).toMatchObject({ data: { whoami: `CUSTOMER:${ada.userId}` } });
    await stillWatches(client, 2);
  });
});

describe('requests over HTTP', () => {
  const ask = async ({ authorization }: { authorization: string }, accept = 'application/json') =>
    (await shop.post({ query: '{ whoami }' }, { authorization, accept })).body;
  const OVER = { errors: [{ extensions: { code: 'UNAUTHENTICATED', details: { reason: 'SESSION_ENDED' } } }] };

  // Some clients name a stream for everything they ask.
  const ACCEPTED = ['application/json', 'application/graphql-response+json, application/json, text/event-stream'];
  test.each(ACCEPTED)(
    'cost one question, until accounts says that something changed; the other sessions of the user go on: %s',
    async (accept) => {
      const phone = await someone();
      const laptop = await someone({ userId: phone.userId });
      const answer = { data: { whoami: `CUSTOMER:${phone.userId}` } };
      const requests = [phone, laptop, phone, laptop, phone, laptop];
      for (const device of requests) expect(await ask(device, accept)).toEqual(answer);
      // Not one for each request; a look after the sockets of the test before may be among them.
      expect(shop.sessions.asked.length).toBeLessThan(requests.length);
      shop.sessions.ended.add(phone.sessionId);
      await shop.sessions.pubsub.publish(RIGHTS_CHANNEL, { userId: phone.userId });
      expect(await ask(phone)).toMatchObject(OVER);
      expect(await ask(phone)).toMatchObject(OVER);
      expect(await ask(laptop)).toEqual(answer);
    },
  );

  test('are refused within a minute when nobody says so', async () => {
    const ada = await someone({ expiresInSeconds: 600 });
    await ask(ada);
    shop.sessions.ended.add(ada.sessionId);
    clock.ahead = 59_000;
    expect(await ask(ada)).toEqual({ data: { whoami: `CUSTOMER:${ada.userId}` } });
    clock.ahead = 61_000;
    expect(await ask(ada)).toMatchObject(OVER);
  });

  test('go on while accounts cannot be reached, which is not asked for each of them', async () => {
    shop.sessions.down = true;
    const people = await Promise.all(Array.from({ length: 20 }, () => someone()));
    for (const one of people) expect(await ask(one)).toEqual({ data: { whoami: `CUSTOMER:${one.userId}` } });
    expect(shop.sessions.asked.length).toBeLessThan(20);
  });
});

describe('while accounts cannot be reached', () => {
  test('what is open stays, newcomers are let in, and what has ended is closed when it is back', async () => {
    const [ada, grace] = [await someone(), await someone()];
    const open = await watcher(ada.authorization);
    shop.sessions.down = true;
    shop.sessions.ended.add(ada.sessionId);
    shop.sessions.asked.length = 0;
    await until(() => shop.sessions.asked.length >= 1);
    const late = await watcher(grace.authorization);
    await stillWatches(open, 1);
    expect(await late.messages(1)).toEqual([next(1)]);
    shop.sessions.down = false;
    expect(await open.closed).toEqual(ENDED);
    await stillWatches(late, 2);
  });

  test('tokens expire all the same', async () => {
    const client = await watcher((await someone({ expiresInSeconds: 60 })).authorization);
    shop.sessions.down = true;
    clock.ahead = 61_000;
    expect(await client.closed).toEqual(EXPIRED);
  });
});

describe('a ping', () => {
  test('without a token is answered with what it carried', async () => {
    const client = await new RawSocket(shop).init();
    client.send({ type: 'ping' });
    client.send({ type: 'ping', payload: { at: 1 } });
    expect(await client.messages(2)).toEqual([{ type: 'pong' }, { type: 'pong', payload: { at: 1 } }]);
  });

  test('with a new token renews it: what runs goes on, and the new session counts', async () => {
    const old = await someone({ expiresInSeconds: 60 });
    const [client, canary] = [await watcher(old.authorization), await watcher(old.authorization)];
    const fresh = await someone({ userId: old.userId, role: 'SUPPORT', expiresInSeconds: 600 });
    client.send({ type: 'ping', payload: { authorization: fresh.authorization } });
    const [pong] = await client.messages(1);
    expect(pong).toEqual({ type: 'pong', payload: { authorization: 'accepted', expiresAt: text } });
    clock.ahead = 61_000;
    expect(await canary.closed).toEqual(EXPIRED);
    await stillWatches(client, 1);
    client.subscribe('{ whoami }', {}, 'b');
    const [answer] = await client.messages(2);
    expect(answer?.payload).toMatchObject({ data: { whoami: `SUPPORT:${old.userId}` } });

    shop.sessions.ended.add(old.sessionId);
    await shop.sessions.pubsub.publish(RIGHTS_CHANNEL, { userId: old.userId });
    await stillWatches(client, 2);
    shop.sessions.ended.add(fresh.sessionId);
    await shop.sessions.pubsub.publish(RIGHTS_CHANNEL, { userId: old.userId });
    expect(await client.closed).toEqual(ENDED);
  });

  test('of graphql-ws renews it too', async () => {
    const ada = await someone({ expiresInSeconds: 600 });
    const pongs: unknown[] = [];
    const client = createClient({
      url: `${shop.url.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      lazy: false,
      connectionParams: { authorization: ada.authorization },
      on: {
        connected: (socket) =>
          (socket as WebSocket).send(JSON.stringify({ type: 'ping', payload: { authorization: ada.authorization } })),
        pong: (received, payload) => received && pongs.push(payload),
      },
    });
    await until(() => pongs.length === 1);
    expect(pongs).toEqual([{ authorization: 'accepted', expiresAt: text }]);
    await client.dispose();
  });

  test.each([
    ['of somebody else', async () => (await someone()).authorization],
    ['that has expired', async () => (await someone({ userId: USER_ID, expiresInSeconds: -1 })).authorization],
    ['that is none', async () => 'Bearer nonsense'],
    ['that is empty', async () => ''],
    ['that is no text', async () => 42],
    [
      'of a session that is over',
      async () => {
        const revoked = await someone({ userId: USER_ID });
        shop.sessions.ended.add(revoked.sessionId);
        return revoked.authorization;
      },
    ],
  ])('with a token %s closes with 4403, and the token is not repeated', async (_name, token) => {
    const client = await watcher((await someone({ userId: USER_ID })).authorization);
    client.send({ type: 'ping', payload: { authorization: await token() } });
    expect(await client.closed).toEqual({ code: 4403, reason: 'Forbidden' });
    expect([client.received, shop.openStreams()]).toEqual([[], 0]);
  });

  test.each([
    ["nobody's socket", true],
    ['a socket before its init', false],
  ])('makes no user of %s', async (_name, init) => {
    const client = await new RawSocket(shop).open();
    if (init) await client.init();
    client.send({ type: 'ping', payload: { authorization: (await someone()).authorization } });
    expect(await client.closed).toEqual({ code: 4403, reason: 'Forbidden' });
    expect(client.received).toEqual([]);
  });
});

test('sessions are asked about by the thousand, each once, and not after they are let go', async () => {
  const asked: number[] = [];
  const ended: string[] = [];
  const pubsub = createMemoryPubSub();
  const sessions = await startSessions({
    readSessions: async (ids) => {
      asked.push(ids.length);
      return ids.map((sessionId) => ({ sessionId, role: 'CUSTOMER', active: false }));
    },
    pubsub,
    clock: systemClock,
    log: pino({ level: 'silent' }),
  });
  const principals = Array.from({ length: 2_500 }, () => {
    return { kind: 'user' as const, id: USER_ID, role: 'CUSTOMER' as const, sessionId: randomUUID() };
  });
  const stops = principals.map((principal) => sessions.watch({ principal }, () => ended.push(principal.sessionId)));
  sessions.watch({ principal: ANONYMOUS }, () => ended.push('nobody'));
  stops[0]?.();
  stops[0]?.();
  await pubsub.publish(RIGHTS_CHANNEL, 'no user');
  await pubsub.publish(RIGHTS_CHANNEL, { userId: USER_ID });
  await until(() => ended.length === 2_499);
  expect(asked).toEqual([1_000, 1_000, 499]);
  expect(new Set(ended)).toEqual(new Set(principals.slice(1).map(({ sessionId }) => sessionId)));
  await pubsub.publish(RIGHTS_CHANNEL, { userId: USER_ID });
  await sessions.stop();
  expect(asked).toHaveLength(3);
});

test('a token is looked at every second, a session every three', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
  try {
    const ended: unknown[] = [];
    let active = true;
    const sessions = await startSessions({
      readSessions: async (ids) => ids.map((sessionId) => ({ sessionId, role: 'CUSTOMER', active })),
      pubsub: createMemoryPubSub(),
      clock: systemClock,
      log: pino({ level: 'silent' }),
    });
    const principal = { kind: 'user', id: USER_ID, role: 'CUSTOMER', sessionId: randomUUID() } as const;
    const note = ({ code, details }: Fault) => ended.push([code, details]);
    sessions.watch({ principal, expiresAt: new Date(Date.now() + 4_500) }, note);
    sessions.watch({ principal, expiresAt: new Date(Date.now() + 60_000) }, note);
    await jest.advanceTimersByTimeAsync(4_000);
    expect(ended).toEqual([]);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(ended).toEqual([['UNAUTHENTICATED', { reason: 'TOKEN_EXPIRED' }]]);
    active = false;
    await jest.advanceTimersByTimeAsync(3_000);
    expect(ended.slice(1)).toEqual([['UNAUTHENTICATED', { reason: 'SESSION_ENDED' }]]);
    await sessions.stop();
    expect(jest.getTimerCount()).toBe(0);
  } finally {
    jest.useRealTimers();
  }
});

test('an answer that was on its way when something changed is not remembered; after a gap nothing is', async () => {
  const pubsub = createMemoryPubSub();
  let gap = (): void => undefined;
  let active = true;
  let release = (): void => undefined;
  let asked = 0;
  const sessions = await startSessions({
    readSessions: async (ids) => {
      asked += 1;
      const answer = ids.map((sessionId) => ({ sessionId, role: 'CUSTOMER' as const, active }));
      await new Promise<void>((resolve) => (release = resolve));
      return answer;
    },
    pubsub: {
      ...pubsub,
      subscribe: (channel, listen, onGap = () => undefined) => {
        gap = onGap;
        return pubsub.subscribe(channel, listen, onGap);
      },
    },
    clock: systemClock,
    log: pino({ level: 'silent' }),
  });
  const principal = { kind: 'user', id: USER_ID, role: 'CUSTOMER', sessionId: randomUUID() } as const;
  const confirmed = async (questions: number): Promise<string> => {
    const outcome = sessions.confirmLately(principal).then(() => 'stands', codeOf);
    await until(() => asked === questions);
    release();
    return outcome;
  };
  const first = sessions.confirmLately(principal);
  await until(() => asked === 1);
  let heard = false;
  await pubsub.subscribe(RIGHTS_CHANNEL, () => (heard = true));
  await pubsub.publish(RIGHTS_CHANNEL, { userId: USER_ID });
  await until(() => heard);
  release();
  await first;
  expect(await confirmed(2)).toBe('stands');
  expect(await confirmed(2)).toBe('stands');
  active = false;
  expect(await confirmed(2)).toBe('stands');
  gap();
  expect(await confirmed(3)).toBe('UNAUTHENTICATED');
  await sessions.stop();
});
