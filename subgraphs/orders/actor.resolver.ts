/** Who did something to an order, by name. */
import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { isStaff } from '../../platform/auth/principal';
import { defineLoader, type GraphContext } from '../../platform/subgraph';
import { MOST_USERS_READ, readUsers } from '../accounts/messages';
import { Actor } from './order-event.type';
import type { OrdersServices } from './services';

/** How long accounts may take, in milliseconds. */
const DEADLINE_MS = 1_000;

/** Names of users as accounts has them now; null for who has none, or no account, and while accounts cannot be asked. */
const userName = defineLoader<OrdersServices, string, string | null>(async (ids, { services, requestId }) => {
  const { commands, sealer, log } = services;
  const meta = { principal: { kind: 'service' as const, name: 'orders' }, requestId, deadlineMs: DEADLINE_MS };
  try {
    const { users } = await commands.send(readUsers, { userIds: ids.slice(0, MOST_USERS_READ) }, meta);
    const names = new Map(
      users.map(({ userId, sealedFirstName, sealedLastName }) => {
        const parts = [sealedFirstName, sealedLastName].filter((part) => part !== null);
        return [userId, parts.map((part) => sealer.open(part)).join(' ')];
      }),
    );
    return ids.map((id) => names.get(id) || null);
  } catch (error) {
    log.warn({ err: error }, 'names could not be looked up');
    return ids.map(() => null);
  }
});

/** Resolves the name. */
@Resolver(() => Actor)
export class ActorResolver {
  @FieldResolver(() => String, {
    nullable: true,
    description:
      "The buyer's name as on the invoice address. Names of support and admins are for staff, and each user's for itself; null for others, and for the shop itself.",
  })
  async name(
    @Root() { buyersName, actorId }: Actor,
    @Ctx() context: GraphContext<OrdersServices>,
  ): Promise<string | null> {
    const { principal } = context;
    if (buyersName != null || actorId == null) return buyersName ?? null;
    const mayKnow = (principal.kind === 'user' && principal.id === actorId) || isStaff(principal);
    return mayKnow ? userName(context).load(actorId) : null;
  }
}
