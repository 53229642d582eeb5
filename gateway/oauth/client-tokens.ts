/** How the gateway has accounts issue access tokens of API clients. */
import type { z } from 'zod';
import type { CommandClient } from '../../platform/commands/command';
import { issueClientToken } from '../../subgraphs/accounts/messages';

/** Issues a token, or says why not. Rejects when accounts cannot be reached. */
export type IssueClientToken = (
  asked: z.output<typeof issueClientToken.input>,
  requestId: string,
) => Promise<z.output<typeof issueClientToken.output>>;

/** Asks by command. */
export function clientTokens(commands: CommandClient): IssueClientToken {
  return (asked, requestId) =>
    commands.send(issueClientToken, asked, { principal: { kind: 'service', name: 'gateway' }, requestId });
}
