/** Promotions, for staff. */
import { Arg, Args, Ctx, Directive, Mutation, Query, Resolver } from 'type-graphql';
import type { Connection } from '../../../platform/graph/connection';
import { payload } from '../../../platform/graph/user-errors';
import type { GraphContext } from '../../../platform/subgraph';
import { createPromotion } from './create-promotion';
import { listPromotions } from './list-promotions';
import { CreatePromotionInput, PromotionsArgs, UpdatePromotionInput } from './promotion.inputs';
import { CreatePromotionPayload, Promotion, PromotionConnection, UpdatePromotionPayload } from './promotion.type';
import { updatePromotion } from './update-promotion';

/** Query.promotions and the mutations behind it. */
@Resolver(() => Promotion)
export class PromotionResolver {
  @Directive('@tag(name: "staff")')
  @Query(() => PromotionConnection, { nullable: true, description: 'All promotions, the newest first. Staff only.' })
  async promotions(
    @Args(() => PromotionsArgs) args: PromotionsArgs,
    @Ctx() { services, principal }: GraphContext,
  ): Promise<Connection<Promotion>> {
    const { page, count } = await listPromotions(services, principal, args);
    const edges = page.edges.map(({ cursor, node }) => ({ cursor, node: Promotion.of(node) }));
    return PromotionConnection.of({ ...page, edges }, count);
  }

  @Directive('@tag(name: "staff")')
  @Mutation(() => CreatePromotionPayload, { nullable: true, description: 'Makes a promotion. Admins only.' })
  createPromotion(
    @Arg('input', () => CreatePromotionInput, { description: 'What it gives, to whom, when and how often.' })
    input: CreatePromotionInput,
    @Ctx() { services, principal, requestId }: GraphContext,
  ): Promise<CreatePromotionPayload> {
    return payload('promotion', async () =>
      Promotion.of(await createPromotion(services, { principal, requestId }, input)),
    );
  }

  @Directive('@tag(name: "staff")')
  @Mutation(() => UpdatePromotionPayload, {
    nullable: true,
    description:
      'Changes a promotion. Carts show it when they are next changed; orders that hold a use keep what they got. Admins only.',
  })
  updatePromotion(
    @Arg('input', () => UpdatePromotionInput, { description: 'Which promotion, and what to change.' })
    input: UpdatePromotionInput,
    @Ctx() { services, principal, requestId }: GraphContext,
  ): Promise<UpdatePromotionPayload> {
    return payload('promotion', async () =>
      Promotion.of(await updatePromotion(services, { principal, requestId }, input)),
    );
  }
}
