/** Accounts: who somebody is. Registration, sessions, profiles, addresses, roles, the audit log, and mail to customers. */
import { fromId } from '../../platform/ids';
import { CreateMessaging1700000000000, MESSAGING_ENTITIES } from '../../platform/outbox';
import { defineSubgraph, type Subgraph } from '../../platform/subgraph';
import { Account } from './account.entity';
import { collectAudit, forgetChangedProfiles, noteOrderConfirmation } from './accounts.consumers';
import { AddressRow } from './address.entity';
import { AddressResolver } from './address.resolver';
import { sendMailsJob } from './mail/send-mails';
import { CreateAccounts1767225600000 } from './migrations/1767225600000-create-accounts';
import { createPasswords } from './passwords';
import { pruneSessionsJob } from './prune-sessions';
import type { AccountsServices } from './services';
import { RefreshTokenRow, SessionRow } from './session.entity';
import { SessionResolver } from './session.resolver';
import { UserResolver } from './user.resolver';

/** The accounts subgraph. */
export const accounts: Subgraph = defineSubgraph<AccountsServices>({
  name: 'accounts',
  entities: [...MESSAGING_ENTITIES, Account, AddressRow, SessionRow, RefreshTokenRow],
  migrations: [CreateMessaging1700000000000, CreateAccounts1767225600000],
  resolvers: [UserResolver, SessionResolver, AddressResolver],
  // Without a statement: each field is resolved when it is selected, and is null for whoever may not see it.
  references: { User: async (id) => (fromId('user', id) === null ? null : { id }) },
  commands: [],
  consumers: [collectAudit, noteOrderConfirmation, forgetChangedProfiles],
  jobs: [sendMailsJob, pruneSessionsJob],
  extend: (services) => ({ ...services, passwords: createPasswords() }),
});
