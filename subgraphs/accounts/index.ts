/** Accounts: who somebody is. Registration, sessions, profiles, addresses, roles, the audit log, and mail to customers. */
import { fromId } from '../../platform/ids';
import { CreateMessaging1700000000000, MESSAGING_ENTITIES } from '../../platform/outbox';
import { defineSubgraph, type Subgraph } from '../../platform/subgraph';
import { Account } from './account.entity';
import { collectAudit, forgetChangedProfiles, noteOrderConfirmation } from './accounts.consumers';
import { AddressRow } from './address.entity';
import { AddressResolver } from './address.resolver';
import { ApiClientResolver } from './api-clients/api-client.resolver';
import { issueClientTokenHandler } from './api-clients/issue-client-token';
import { AuditLogResolver } from './audit/audit-log.resolver';
import { createBrake } from './brake/brake';
import { answerResetsJob } from './credentials/answer-resets';
import { CredentialsResolver } from './credentials/credentials.resolver';
import { sendMailsJob } from './mail/send-mails';
import { CreateAccounts1767225600000 } from './migrations/1767225600000-create-accounts';
import { SuspendUsers1783500000000 } from './migrations/1783500000000-suspend-users';
import { CreateBrakes1783610000000 } from './migrations/1783610000000-create-brakes';
import { CreateMailTokens1783620000000 } from './migrations/1783620000000-create-mail-tokens';
import { ManageSessions1783630000000 } from './migrations/1783630000000-manage-sessions';
import { ChainAuditLog1783640000000 } from './migrations/1783640000000-chain-audit-log';
import { CreateDataExports1783650000000 } from './migrations/1783650000000-create-data-exports';
import { CreateOperations1783710000000 } from './migrations/1783710000000-create-operations';
import { readOperationsHandler } from './operations/read-operations';
import { recordOperationUsesHandler } from './operations/record-operation-uses';
import { CreateApiClients1783720000000 } from './migrations/1783720000000-create-api-clients';
import { RateTiersOfUsers1783730000000 } from './migrations/1783730000000-rate-tiers-of-users';
import { createPasswords } from './passwords';
import { collectPersonalData, exportAccount } from './personal-data/personal-data.consumers';
import { PersonalDataResolver, UserDataExportsResolver } from './personal-data/personal-data.resolver';
import { pruneSessionsJob } from './prune-sessions';
import { readSessionsHandler } from './read-sessions';
import { readUsersHandler } from './read-users';
import type { AccountsServices } from './services';
import { RefreshTokenRow, SessionRow } from './session.entity';
import { SessionResolver } from './session.resolver';
import { ActiveSessionResolver } from './sessions/active-session.resolver';
import { UserResolver } from './user.resolver';

/** The accounts subgraph. */
export const accounts: Subgraph = defineSubgraph<AccountsServices>({
  name: 'accounts',
  entities: [...MESSAGING_ENTITIES, Account, AddressRow, SessionRow, RefreshTokenRow],
  migrations: [
    CreateMessaging1700000000000,
    CreateAccounts1767225600000,
    SuspendUsers1783500000000,
    CreateBrakes1783610000000,
    CreateMailTokens1783620000000,
    ManageSessions1783630000000,
    ChainAuditLog1783640000000,
    CreateDataExports1783650000000,
    CreateOperations1783710000000,
    CreateApiClients1783720000000,
    RateTiersOfUsers1783730000000,
  ],
  resolvers: [
    UserResolver,
    SessionResolver,
    ActiveSessionResolver,
    CredentialsResolver,
    AddressResolver,
    ApiClientResolver,
    AuditLogResolver,
    PersonalDataResolver,
    UserDataExportsResolver,
  ],
  // Without a statement: each field is resolved when it is selected, and is null for whoever may not see it.
  references: { User: async (id) => (fromId('user', id) === null ? null : { id }) },
  commands: [
    readSessionsHandler,
    readUsersHandler,
    issueClientTokenHandler,
    readOperationsHandler,
    recordOperationUsesHandler,
  ],
  consumers: [collectAudit, noteOrderConfirmation, forgetChangedProfiles, exportAccount, collectPersonalData],
  jobs: [answerResetsJob, sendMailsJob, pruneSessionsJob],
  extend: (services) => ({ ...services, passwords: createPasswords(), brake: createBrake(services) }),
});
