/** Commands that services send on nobody's behalf: nobody else is told anything, and nothing is touched. */
import 'reflect-metadata';
import type { Principal } from '../../platform/auth/principal';
import type { CommandHandler } from '../../platform/commands/command';
import { issueClientTokenHandler } from '../../subgraphs/accounts/api-clients/issue-client-token';
import { readOperationsHandler } from '../../subgraphs/accounts/operations/read-operations';
import { recordOperationUsesHandler } from '../../subgraphs/accounts/operations/record-operation-uses';
import { readSessionsHandler } from '../../subgraphs/accounts/read-sessions';
import { readUsersHandler } from '../../subgraphs/accounts/read-users';
import { describeOrderHandler } from '../../subgraphs/orders/order.commands';

const ID = '00000000-0000-4000-8000-000000000000';
const OTHERS: Principal[] = [
  { kind: 'anonymous' },
  { kind: 'user', id: ID, role: 'ADMIN', sessionId: ID },
  { kind: 'client', id: ID, ownerId: ID, keyId: ID, scopes: [], rateTier: 'PARTNER' },
];

const asked: [handler: Pick<CommandHandler<never>, 'name' | 'handle'>, input: unknown][] = [
  [issueClientTokenHandler, { clientId: 'api_1', key: 'k', scopes: [], clientAddress: '192.0.2.1' }],
  [readOperationsHandler, { known: -1, after: { version: 0, hash: '' } }],
  [recordOperationUsesHandler, { uses: [] }],
  [readSessionsHandler, { sessionIds: [] }],
  [readUsersHandler, { userIds: [] }],
  [describeOrderHandler, { orderId: ID }],
];

test.each(asked.map(([handler, input]) => ({ name: handler.name, handler, input })))(
  '$name',
  async ({ handler, input }) => {
    const touched = jest.fn();
    const services = new Proxy({}, { get: touched }) as never;
    for (const principal of OTHERS) {
      await expect(handler.handle(services, input, { principal, requestId: 'r' })).rejects.toMatchObject({
        code: 'FORBIDDEN',
      });
    }
    expect(touched).not.toHaveBeenCalled();
    // With these services it cannot work, but it is let in.
    await expect(
      handler.handle(services, input, { principal: { kind: 'service', name: 'gateway' }, requestId: 'r' }),
    ).rejects.not.toMatchObject({ code: 'FORBIDDEN' });
  },
);
