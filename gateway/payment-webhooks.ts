/** Where payment providers send their webhooks: handed on to payments as they came. */
import type { CommandClient } from '../platform/commands/command';
import { Fault } from '../platform/errors';
import { LARGEST_WEBHOOK, receiveWebhook } from '../subgraphs/payments/messages';
import type { GatewayRoute } from './routes';

/** Principal of the command. */
const GATEWAY = { kind: 'service', name: 'gateway' } as const;

/** The route. Answers 200 when the event is stored; anything else makes the provider send it again. */
export function paymentWebhooks(commands: CommandClient): GatewayRoute {
  return {
    method: 'POST',
    path: '/webhooks/payments/:provider',
    largestBody: LARGEST_WEBHOOK,
    handle: async ({ params, headers, body, requestId }) => {
      const { outcome } = await commands.send(
        receiveWebhook,
        { provider: params['provider'] ?? '', body, headers: signatures(headers) },
        { principal: GATEWAY, requestId },
      );
      if (outcome === 'unknownProvider') throw new Fault('NOT_FOUND', 'There is no such payment provider.');
      if (outcome === 'refused') throw new Fault('INVALID_REQUEST', 'The signature is not valid, or too old.');
      return { status: 200, contentType: 'application/json; charset=utf-8', body: '{"received":true}' };
    },
  };
}

/** Nothing else of a stranger's headers goes further. */
function signatures(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      (header): header is [string, string] => header[0].endsWith('-signature') && typeof header[1] === 'string',
    ),
  );
}
