/** What staff send about promotions. Limits are checked by the use cases, which name the field. */
import { ArgsType, Directive, Field, ID, InputType, Int } from 'type-graphql';
import { PageArgs } from '../../../platform/graph/connection';
import { DateTime } from '../../../platform/graph/scalars';
import { MoneyInput } from '../../../platform/graph/values';
import type { PromotionKind } from './promotion.entity';
import { PromotionKindEnum } from './promotion.type';

/** Arguments of `promotions`. */
@ArgsType()
export class PromotionsArgs extends PageArgs {
  @Field(() => String, { nullable: true, description: 'A code, compared without case, or an id.' })
  query?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'Only those that are active, or that are not.' })
  active?: boolean | null;
}

@InputType()
abstract class PromotionTermsInput {
  @Field(() => Int, { nullable: true, description: 'PERCENTAGE: per cent off, 1 to 100.' })
  percentage?: number | null;

  @Field(() => MoneyInput, { nullable: true, description: 'FIXED_AMOUNT: how much off, more than 0.' })
  amount?: MoneyInput | null;

  @Field(() => Int, { nullable: true, description: 'BUY_X_GET_Y: units to be paid for, 1 to 9,999.' })
  buyQuantity?: number | null;

  @Field(() => Int, { nullable: true, description: 'BUY_X_GET_Y: units that are free then, 1 to 9,999.' })
  getQuantity?: number | null;

  @Field(() => MoneyInput, {
    nullable: true,
    description: 'What the lines it is for must come to, before discounts; more than 0.',
  })
  minimumSpend?: MoneyInput | null;

  @Field(() => [ID], { nullable: true, description: 'Products it is for; at most 100.' })
  productIds?: string[] | null;

  @Field(() => [ID], { nullable: true, description: 'Variants it is for; at most 100.' })
  variantIds?: string[] | null;

  @Field(() => DateTime, { nullable: true, description: 'Can be used from then on.' })
  startsAt?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Can be used until just before; later than `startsAt`.' })
  endsAt?: string | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'Orders of one buyer that may use it, 1 to 1,000,000. With such a limit it is for signed-in buyers only.',
  })
  perUserLimit?: number | null;

  @Field(() => Int, { nullable: true, description: 'Orders that may use it, 1 to 1,000,000,000.' })
  totalLimit?: number | null;
}

/** Of createPromotion. */
@Directive('@tag(name: "staff")')
@InputType({ description: 'A new promotion. Its kind decides which of the parameters it needs; it has no others.' })
export class CreatePromotionInput extends PromotionTermsInput {
  @Field(() => String, {
    description: 'What buyers enter: 1 to 40 letters A to Z, digits, `-` and `_`; compared without case, unique.',
  })
  code!: string;

  @Field(() => String, { description: 'What staff call it; at most 200 characters.' })
  name!: string;

  @Field(() => PromotionKindEnum, { description: 'What it does.' })
  kind!: PromotionKind;

  @Field(() => Int, { defaultValue: 0, description: 'The lower is applied first; 0 to 1,000.' })
  priority!: number;

  @Field(() => Boolean, { defaultValue: false, description: 'Whether no other code counts where it applies.' })
  exclusive!: boolean;

  @Field(() => Boolean, { defaultValue: true, description: 'Whether there is such a code for buyers.' })
  active!: boolean;
}

/** Of updatePromotion. */
@Directive('@tag(name: "staff")')
@InputType({
  description:
    'Changes of a promotion; what is absent stays, null takes a limit, a date or a restriction away. Code and kind stay for good.',
})
export class UpdatePromotionInput extends PromotionTermsInput {
  @Field(() => ID, { description: 'The promotion, `promo_…`.' })
  promotionId!: string;

  @Field(() => String, { nullable: true, description: 'What staff call it; at most 200 characters.' })
  name?: string | null;

  @Field(() => Int, { nullable: true, description: 'The lower is applied first; 0 to 1,000.' })
  priority?: number | null;

  @Field(() => Boolean, { nullable: true, description: 'Whether no other code counts where it applies.' })
  exclusive?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: 'Whether there is such a code for buyers.' })
  active?: boolean | null;
}
