/** How the gateway asks accounts about registered operations, and tells it of their use. */
import type { z } from 'zod';
import type { CommandClient } from '../../platform/commands/command';
import { newUuid } from '../../platform/ids';
import { readOperations, recordOperationUses } from '../../subgraphs/accounts/messages';

/** Time for an answer, in milliseconds: less than the pause between two questions. */
const DEADLINE_MS = 2_500;

/** Accounts, as far as registered operations are concerned. Both reject when it cannot be reached. */
export interface OperationSource {
  read(since: z.output<typeof readOperations.input>): Promise<z.output<typeof readOperations.output>>;
  /** `MOST_USES` at most. */
  recordUses(uses: z.output<typeof recordOperationUses.input>['uses']): Promise<void>;
}

/** Asks by command. */
export function operationSource(commands: CommandClient): OperationSource {
  const meta = () => ({
    principal: { kind: 'service', name: 'gateway' } as const,
    requestId: newUuid(),
    deadlineMs: DEADLINE_MS,
  });
  return {
    read: (since) => commands.send(readOperations, since, meta()),
    recordUses: async (uses) => {
      await commands.send(recordOperationUses, { uses }, meta());
    },
  };
}
