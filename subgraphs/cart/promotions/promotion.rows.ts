/** Promotions as raw statements give them. */
import type { PromotionValues } from './promotion.entity';

type Texts = 'amount' | 'minimumSpend';
/** What {@link PROMOTION} selects. */
export type RawPromotion = Omit<PromotionValues, Texts> & Record<Texts, string | null>;

/** Columns of `promotion p`. */
export const PROMOTION = `p.id, p.code, p.name, p.kind, p.percentage, p.amount, p.buy_quantity AS "buyQuantity",
  p.get_quantity AS "getQuantity", p.currency_code AS "currencyCode", p.minimum_spend AS "minimumSpend",
  p.product_ids AS "productIds", p.variant_ids AS "variantIds", p.starts_at AS "startsAt", p.ends_at AS "endsAt",
  p.per_user_limit AS "perUserLimit", p.total_limit AS "totalLimit", p.priority, p.exclusive, p.active, p.used,
  p.created_at AS "createdAt"`;

/** From a raw row; what else was selected stays. */
export function toPromotion<Raw extends RawPromotion>(raw: Raw): Omit<Raw, Texts> & Pick<PromotionValues, Texts> {
  const { amount, minimumSpend } = raw;
  return {
    ...raw,
    amount: amount === null ? null : BigInt(amount),
    minimumSpend: minimumSpend === null ? null : BigInt(minimumSpend),
  };
}
