/** A promotion as staff see it. */
import { Directive, Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { connectionType } from '../../../platform/graph/connection';
import { DateTime } from '../../../platform/graph/scalars';
import { Payload } from '../../../platform/graph/user-errors';
import { Money } from '../../../platform/graph/values';
import { toId } from '../../../platform/ids';
import { PROMOTION_KINDS, type PromotionKind, type PromotionValues } from './promotion.entity';

/** The enum `PromotionKind` of the graph. */
export const PromotionKindEnum = Object.fromEntries(PROMOTION_KINDS.map((kind) => [kind, kind]));
registerEnumType(PromotionKindEnum, {
  name: 'PromotionKind',
  description: 'What a promotion does. Of what it is for, it takes off:',
  valuesConfig: {
    PERCENTAGE: { description: 'A share of what is left to pay.' },
    FIXED_AMOUNT: { description: 'An amount, but never more than is left to pay.' },
    FREE_SHIPPING: { description: 'Shipping, by whichever method.' },
    BUY_X_GET_Y: { description: 'Of every X + Y units Y, the cheapest of all.' },
  },
});

/** A promotion. */
@Directive('@tag(name: "staff")')
@ObjectType({ description: 'A promotion: what its code gives, to whom, when and how often.' })
export class Promotion {
  @Field(() => ID, { description: 'Global id, `promo_…`.' })
  id!: string;

  @Field(() => String, { description: 'What buyers enter, in capitals; compared without case.' })
  code!: string;

  @Field(() => String, { description: 'What staff call it.' })
  name!: string;

  @Field(() => PromotionKindEnum, { description: 'What it does.' })
  kind!: PromotionKind;

  @Field(() => Int, { nullable: true, description: 'PERCENTAGE: per cent off, 1 to 100.' })
  percentage?: number | null;

  @Field(() => Money, { nullable: true, description: 'FIXED_AMOUNT: how much off.' })
  amount?: Money | null;

  @Field(() => Int, { nullable: true, description: 'BUY_X_GET_Y: units to be paid for.' })
  buyQuantity?: number | null;

  @Field(() => Int, { nullable: true, description: 'BUY_X_GET_Y: units that are free then.' })
  getQuantity?: number | null;

  @Field(() => Money, { nullable: true, description: 'What the lines it is for must come to, before discounts.' })
  minimumSpend?: Money | null;

  @Field(() => [ID], { description: 'Products it is for, at most 100. None, and no variants: everything.' })
  productIds!: string[];

  @Field(() => [ID], { description: 'Variants it is for, at most 100. None, and no products: everything.' })
  variantIds!: string[];

  @Field(() => DateTime, { nullable: true, description: 'Can be used from then on; null: at once.' })
  startsAt?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Can be used until just before; null: without an end.' })
  endsAt?: Date | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Orders of one buyer that may use it. With such a limit it is for signed-in buyers only.',
  })
  perUserLimit?: number | null;

  @Field(() => Int, { nullable: true, description: 'Orders that may use it.' })
  totalLimit?: number | null;

  @Field(() => Int, { description: 'Orders that have used it, without those that were given up or cancelled.' })
  used!: number;

  @Field(() => Int, { description: 'The lower is applied first, to what is then left for the others.' })
  priority!: number;

  @Field(() => Boolean, { description: 'Whether no other code of the cart counts where it applies.' })
  exclusive!: boolean;

  @Field(() => Boolean, { description: 'Whether there is such a code for buyers.' })
  active!: boolean;

  @Field(() => DateTime, { description: 'When it was made.' })
  createdAt!: Date;

  /** From a row. */
  static of(row: PromotionValues): Promotion {
    const money = (minor: bigint | null) => minor && Money.of(minor, row.currencyCode);
    return Object.assign(new Promotion(), {
      ...row,
      id: toId('promo', row.id),
      amount: money(row.amount),
      minimumSpend: money(row.minimumSpend),
      productIds: row.productIds.map((id) => toId('prod', id)),
      variantIds: row.variantIds.map((id) => toId('var', id)),
    });
  }
}

/** Pages of promotions. */
export const PromotionConnection = connectionType(Promotion, 'Promotion', 'promotions');

@ObjectType()
abstract class PromotionPayload extends Payload {
  @Field(() => Promotion, { nullable: true, description: 'The promotion as it is now; null when nothing happened.' })
  promotion?: Promotion | null;
}

/** Of createPromotion. */
@Directive('@tag(name: "staff")')
@ObjectType({ description: 'Result of `createPromotion`.' })
export class CreatePromotionPayload extends PromotionPayload {}

/** Of updatePromotion. */
@Directive('@tag(name: "staff")')
@ObjectType({ description: 'Result of `updatePromotion`.' })
export class UpdatePromotionPayload extends PromotionPayload {}
