/** What accounts tells others. */
import { z } from 'zod';
import { ROLES, SCOPES } from '../../platform/auth/principal';
import { defineEvent } from '../../platform/bus/event';
import { defineCommand } from '../../platform/commands/command';

/** Somebody has an account now. */
export const userRegistered = defineEvent({
  name: 'accounts.userRegistered',
  version: 1,
  payload: z.object({ userId: z.uuid() }),
});

/** Profile or role changed: what is cached of the user is out of date. */
export const userChanged = defineEvent({
  name: 'accounts.userChanged',
  version: 1,
  payload: z.object({ userId: z.uuid() }),
});

/** Channel on which accounts says whose rights have changed: `{ userId }`, a uuid. A wake-up only: {@link readSessions} is the truth. */
export const RIGHTS_CHANNEL = 'accounts.rights';

/** Sessions asked about at once, at most. */
export const MOST_SESSIONS_READ = 1_000;

/**
 * How sessions stand now, and what role their users have now, which may not be what their access tokens say. One that is not
 * in the answer never was. The key of an API client counts as a session of its owner's. For services alone.
 */
export const readSessions = defineCommand({
  name: 'accounts.readSessions',
  version: 1,
  input: z.object({ sessionIds: z.array(z.uuid()).max(MOST_SESSIONS_READ) }),
  output: z.object({
    sessions: z.array(
      z.object({
        sessionId: z.uuid(),
        userId: z.uuid(),
        role: z.enum(ROLES),
        /** False once it was ended, by whatever. */
        active: z.boolean(),
      }),
    ),
  }),
});

/** Users asked about at once, at most. */
export const MOST_USERS_READ = 1_000;

/** How users stand now, and their names, sealed; one that is not in the answer has no account. For services alone. */
export const readUsers = defineCommand({
  name: 'accounts.readUsers',
  version: 1,
  input: z.object({ userIds: z.array(z.uuid()).max(MOST_USERS_READ) }),
  output: z.object({
    users: z.array(
      z.object({
        userId: z.uuid(),
        role: z.enum(ROLES),
        suspended: z.boolean(),
        sealedFirstName: z.string().nullable(),
        sealedLastName: z.string().nullable(),
      }),
    ),
  }),
});

/** An access token for an API client that shows its key. For services alone. */
export const issueClientToken = defineCommand({
  name: 'accounts.issueClientToken',
  version: 1,
  input: z.object({
    /** Public id, `api_…`. */
    clientId: z.string().max(255),
    key: z.string().max(255),
    /** None: all that the client has. */
    scopes: z.array(z.string().max(255)),
    /** Network address of who asks: wrong keys are counted by it. */
    clientAddress: z.string(),
  }),
  output: z.discriminatedUnion('outcome', [
    z.object({
      outcome: z.literal('issued'),
      accessToken: z.string(),
      expiresInSeconds: z.number().int(),
      scopes: z.array(z.enum(SCOPES)),
    }),
    /** No such client, a wrong or an old key, or revoked: which of these is not said. */
    z.object({ outcome: z.literal('unknown') }),
    /** The client has not got one of the scopes. */
    z.object({ outcome: z.literal('badScope') }),
    /** Too many wrong keys from this address; seconds until it may try again. */
    z.object({ outcome: z.literal('braked'), retrySeconds: z.number() }),
  ]),
});

/** A user wants to have all their data: whoever holds some answers with platform/personal-data.ts. */
export const dataExportRequested = defineEvent({
  name: 'accounts.dataExportRequested',
  version: 1,
  payload: z.object({ exportId: z.uuid(), userId: z.uuid() }),
});

/** A user's account is gone: whoever holds something personal of them forgets it. */
export const userErased = defineEvent({
  name: 'accounts.userErased',
  version: 1,
  payload: z.object({
    userId: z.uuid(),
    /** API clients the user had: what they own is the user's. */
    clientIds: z.array(z.uuid()).default([]),
  }),
});

/** Channel on which accounts says that registered operations have changed. A wake-up only: {@link readOperations} is the truth. */
export const OPERATIONS_CHANNEL = 'accounts.operations';

/** Longest text of a registered operation, in characters. */
export const LONGEST_OPERATION = 50_000;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const operationChange = z.object({
  /** SHA-256 of the text, in hexadecimal. */
  hash: sha256,
  version: z.int(),
  body: z.string(),
  /** Ids that stand for it, and applications that have it; none once it is retired. */
  ids: z.array(z.string()),
  clients: z.array(z.string()),
  budgetPerMinute: z.int().nullable(),
  /** Switched off: it must not run, in whatever way its text comes. */
  killed: z.boolean(),
});
/** A registered operation as it is now. */
export type OperationChange = z.output<typeof operationChange>;

const operationClient = z.object({ name: z.string(), apiClientId: z.uuid(), safelist: z.boolean() });
/** An application whose requests are known by its API client. */
export type OperationClient = z.output<typeof operationClient>;

/**
 * Registered operations that have changed since the reader's last question, a page of them. `known` is the registry's version
 * as of the last complete answer, -1 at first; `after` is the last change the reader has. For services alone.
 */
export const readOperations = defineCommand({
  name: 'accounts.readOperations',
  version: 1,
  input: z.object({ known: z.int(), after: z.object({ version: z.int(), hash: z.string() }) }),
  output: z.object({
    version: z.int(),
    changes: z.array(operationChange),
    /** All that are linked; null: as before. */
    clients: z.array(operationClient).nullable(),
    /** Ask again at once, after the last of these changes. */
    more: z.boolean(),
  }),
});

/** Operations in one report of their use, at most. */
export const MOST_USES = 1_000;

/** How often registered operations were used since the gateway's last report. Approximate. For services alone. */
export const recordOperationUses = defineCommand({
  name: 'accounts.recordOperationUses',
  version: 1,
  input: z.object({ uses: z.array(z.object({ hash: sha256, count: z.int().positive() })).max(MOST_USES) }),
  output: z.object({}),
});
