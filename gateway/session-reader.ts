/** How the gateway asks accounts about sessions. */
import type { Role } from '../platform/auth/principal';
import type { CommandClient } from '../platform/commands/command';
import { newUuid } from '../platform/ids';
import { readSessions } from '../subgraphs/accounts/messages';

/** Time for the answer, in milliseconds: half of the pause between two questions. */
const DEADLINE_MS = 1_500;

/** A session as accounts knows it now. */
export interface KnownSession {
  sessionId: string;
  /** Of its user. */
  role: Role;
  active: boolean;
}

/** Says how these sessions (uuids, 1,000 at most) stand; one that is missing is over. Rejects when accounts cannot say. */
export type ReadSessions = (sessionIds: string[]) => Promise<readonly KnownSession[]>;

/** Asks by command. */
export function sessionReader(commands: CommandClient): ReadSessions {
  return async (sessionIds) => {
    const principal = { kind: 'service', name: 'gateway' } as const;
    const meta = { principal, requestId: newUuid(), deadlineMs: DEADLINE_MS };
    return (await commands.send(readSessions, { sessionIds }, meta)).sessions;
  };
}
