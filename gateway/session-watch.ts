/** Ends what is kept open for somebody (sockets, streams) with their session. */
import DataLoader from 'dataloader';
import { LRUCache } from 'lru-cache';
import { sessionOf, type Principal, type Role } from '../platform/auth/principal';
import type { Clock } from '../platform/clock';
import { Fault } from '../platform/errors';
import type { Log } from '../platform/log';
import type { PubSub } from '../platform/pubsub/pubsub';
import { MOST_SESSIONS_READ, RIGHTS_CHANNEL } from '../subgraphs/accounts/messages';
import type { ReadSessions } from './session-reader';

/** Pause between two looks for tokens that have expired, in milliseconds. */
const EXPIRY_MS = 1_000;
/** Pause between two questions to accounts about all sessions, in milliseconds: how late a lost wake-up is noticed. */
const POLL_MS = 3_000;
/**
 * How long a session is taken to stand for single requests without asking again, in milliseconds. Its end is heard of; when the
 * word was lost, a user's tokens work so long still. Those of an API client are cut within 5 s, whatever is lost.
 */
const REMEMBERED_MS = { user: 60_000, client: 2_000 };
/** Sessions remembered, and users whose rights have changed, at most. */
const MOST_REMEMBERED = 20_000;
/** How long accounts is left alone after it could not say, in milliseconds: its silence must not slow every request. */
const REST_MS = 2_000;

/** Tells when sessions are over. */
export interface SessionWatch {
  /**
   * Calls `ended` once when this caller's session is over: token expired, session ended, user suspended; within 5 s of it. The
   * Fault is UNAUTHENTICATED, its `details.reason` TOKEN_EXPIRED or SESSION_ENDED. Users have sessions, and API clients
   * keys, which are the same here: for others it never calls. Returns the stop function.
   */
  watch(who: { principal: Principal; expiresAt?: Date }, ended: (why: Fault) => void): () => void;
}

/** The gateway's: what it does for somebody, it does for a session that stands. */
export interface Sessions extends SessionWatch {
  /**
   * For what is opened and kept open: asks accounts. Rejects with Fault UNAUTHENTICATED when the session is over, or its user has
   * another role than the token says (`details.reason` ROLE_CHANGED). Resolves when accounts cannot say.
   */
  confirm(principal: Principal): Promise<void>;
  /** The same for a single request or operation: accounts is asked now and then, and after it has said that something changed. */
  confirmLately(principal: Principal): Promise<void>;
  stop(): Promise<void>;
}

interface Watched {
  sessionId: string;
  userId: string;
  expiresAt?: Date;
  ended: (why: Fault) => void;
}

/** What it works with. */
export interface SessionsOptions {
  readSessions: ReadSessions;
  /** On which accounts says whose rights have changed. */
  pubsub: PubSub;
  clock: Clock;
  log: Log;
}

/** Begins to listen. While accounts cannot be reached what is open stays open, until its token expires. */
export async function startSessions({ readSessions, pubsub, clock, log }: SessionsOptions): Promise<Sessions> {
  const all = new Set<Watched>();
  /** Roles of sessions that stand; null: it is over. */
  const standing = new DataLoader<string, Role | null>(
    async (ids) => {
      const read = await readSessions([...new Set(ids)]);
      const roles = new Map(read.filter((one) => one.active).map(({ sessionId, role }) => [sessionId, role]));
      return ids.map((id) => roles.get(id) ?? null);
    },
    { cache: false, maxBatchSize: MOST_SESSIONS_READ },
  );
  let reachable = true;
  /** Words of changes so far; an answer that was asked for before one may be older. */
  let changes = 0;
  /** The last one that may have been about everybody; about a user. */
  let changeOfAll = 0;
  const changeOf = new LRUCache<string, number>({ max: MOST_REMEMBERED });
  /** By session and role, the words that had come when it was asked for. */
  const confirmed = new LRUCache<string, number>({
    ...{ max: MOST_REMEMBERED, ttlResolution: 0 },
    perf: { now: () => clock.now().getTime() },
  });
  let restUntil = 0;

  const end = (watched: Watched, why: Fault): void => {
    if (all.delete(watched)) watched.ended(why);
  };
  const look = async (which: (one: Watched) => boolean): Promise<void> => {
    const asked = [...all].filter(which);
    if (asked.length === 0) return;
    const answers = await standing.loadMany(asked.map(({ sessionId }) => sessionId));
    asked.forEach((watched, index) => {
      // With another role it goes on: what rests on the role is ended by who owns it.
      if (answers[index] === null) end(watched, sessionEnded());
    });
    const failure = answers.find((answer) => answer instanceof Error);
    if (failure && reachable) log.warn({ err: failure }, 'sessions cannot be looked at; what is open stays open');
    reachable = failure === undefined;
  };

  const everyone = (): boolean => true;
  const expiry = setInterval(() => {
    const now = clock.now();
    for (const watched of all) if (watched.expiresAt && watched.expiresAt <= now) end(watched, tokenExpired());
  }, EXPIRY_MS);
  const poll = setInterval(() => void look(everyone), POLL_MS);
  const wakeUps = await pubsub.subscribe(
    RIGHTS_CHANNEL,
    (message) => {
      const changed = userOf(message);
      changes += 1;
      if (changed !== undefined) changeOf.set(changed, changes);
      void look(({ userId }) => userId === changed);
    },
    () => {
      changes += 1;
      changeOfAll = changes;
      void look(everyone);
    },
  );

  /** undefined: accounts cannot say. */
  const roleNow = async (sessionId: string): Promise<Role | null | undefined> => {
    try {
      return await standing.load(sessionId);
    } catch (error) {
      log.debug({ err: error }, 'a session could not be confirmed');
      restUntil = performance.now() + REST_MS;
      return undefined;
    }
  };
  const ask = async (principal: Principal, sessionId: string): Promise<void> => {
    const asked = changes;
    const role = await roleNow(sessionId);
    if (role === undefined) return;
    if (role === null) throw sessionEnded();
    if (principal.kind === 'user' && principal.role !== role) throw roleChanged();
    const ttl = REMEMBERED_MS[principal.kind === 'client' ? 'client' : 'user'];
    confirmed.set(keyOf(principal, sessionId), asked, { ttl });
  };

  return {
    watch: ({ principal, expiresAt }, ended) => {
      const session = sessionOf(principal);
      if (!session) return () => undefined;
      const watched = { ...session, expiresAt, ended };
      all.add(watched);
      return () => all.delete(watched);
    },
    confirm: async (principal) => {
      const session = sessionOf(principal);
      if (session) await ask(principal, session.sessionId);
    },
    confirmLately: async (principal) => {
      const session = sessionOf(principal);
      if (!session) return;
      const { sessionId, userId } = session;
      const changed = Math.max(changeOfAll, changeOf.get(userId) ?? 0);
      if ((confirmed.get(keyOf(principal, sessionId)) ?? -1) >= changed || performance.now() < restUntil) return;
      await ask(principal, sessionId);
    },
    stop: async () => {
      clearInterval(expiry);
      clearInterval(poll);
      await wakeUps.close();
    },
  };
}

function tokenExpired(): Fault {
  return new Fault('UNAUTHENTICATED', 'The access token has expired.', { reason: 'TOKEN_EXPIRED' });
}

function sessionEnded(): Fault {
  return new Fault('UNAUTHENTICATED', 'The session is over. Sign in again.', { reason: 'SESSION_ENDED' });
}

function roleChanged(): Fault {
  const reason = 'ROLE_CHANGED';
  return new Fault('UNAUTHENTICATED', 'Your role has changed. Refresh the session.', { reason });
}

/** A session outlives a role: that it stands says nothing for a token with another one. */
function keyOf(principal: Principal, sessionId: string): string {
  return principal.kind === 'user' ? `${sessionId} ${principal.role}` : sessionId;
}

function userOf(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null || !('userId' in message)) return undefined;
  return typeof message.userId === 'string' ? message.userId : undefined;
}
