import { Args, Ctx, Directive, Query, Resolver } from 'type-graphql';
import type { Connection } from '../../../platform/graph/connection';
import type { GraphContext } from '../../../platform/subgraph';
import type { AccountsServices } from '../services';
import { AuditEntry, AuditEntryConnection, AuditLogArgs } from './audit-entry.type';
import { listAuditLog } from './list-audit-log';

/** The record of what was done. */
@Resolver()
export class AuditLogResolver {
  @Directive('@tag(name: "staff")')
  @Query(() => AuditEntryConnection, {
    nullable: true,
    description: 'What was done in the shop, the newest first; it arrives here within seconds. Admins only.',
  })
  async auditLog(
    @Args(() => AuditLogArgs) args: AuditLogArgs,
    @Ctx() { services, principal }: GraphContext<AccountsServices>,
  ): Promise<Connection<AuditEntry>> {
    const { page, count } = await listAuditLog(services, principal, args);
    const edges = page.edges.map(({ cursor, node }) => ({ cursor, node: AuditEntry.of(node) }));
    return AuditEntryConnection.of({ ...page, edges }, count);
  }
}
