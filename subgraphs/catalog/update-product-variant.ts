import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { recordAudit } from '../../platform/audit';
import { requireAdmin } from '../../platform/auth/guard';
import type { Principal } from '../../platform/auth/principal';
import { UserFault } from '../../platform/errors';
import { idOf, moneyIn, nameText, validateInput } from '../../platform/graph/validate';
import { toId } from '../../platform/ids';
import type { Services } from '../../platform/subgraph';
import { optionList, skuText } from './product.rules';
import { lockProduct, settleProduct } from './settle-product';
import { refusingDuplicates } from './slugs';
import { VariantEntity, VariantPriceEntity } from './variant.entity';

const updateInput = (currency: string) =>
  z.object({
    variantId: idOf('var'),
    sku: skuText.nullish(),
    name: nameText.nullish(),
    price: moneyIn(currency).nullish(),
    compareAtPrice: moneyIn(currency).nullish(),
    options: optionList.nullish(),
  });

/** Changes what is given of a variant; null clears compareAtPrice and leaves the rest. Gives its uuid. Admins only. */
export async function updateProductVariant(
  services: Services,
  principal: Principal,
  input: unknown,
  requestId: string,
): Promise<string> {
  const admin = requireAdmin(principal);
  const { currency } = services.config;
  const { variantId, sku, name, options, price, compareAtPrice } = validateInput(updateInput(currency), input);
  const changes = { ...(sku != null && { sku }), ...(name != null && { name }), ...(options != null && { options }) };
  const prices = {
    ...(price != null && { amount: price.toString() }),
    ...(compareAtPrice !== undefined && { compareAt: compareAtPrice?.toString() ?? null }),
  };
  const work = services.db.transaction(async (tx) => {
    const productId = await lockProductOf(tx, variantId);
    const changed = [changes, prices].map((part) => Object.keys(part).length > 0);
    if (!changed.includes(true)) return variantId;
    if (changed[0]) await tx.update(VariantEntity, { id: variantId }, changes);
    if (changed[1]) await tx.update(VariantPriceEntity, { variantId, currency }, prices);
    await settleProduct(tx, services, productId, requestId);
    const record = { actor: admin, targetUuid: variantId, target: toId('var', variantId), requestId };
    await recordAudit(tx, services, { ...record, action: 'updateProductVariant' });
    return variantId;
  });
  return refusingDuplicates(work);
}

async function lockProductOf(tx: EntityManager, variantId: string): Promise<string> {
  const variant = await tx.findOne(VariantEntity, { select: { productId: true }, where: { id: variantId } });
  if (!variant) throw UserFault.of('NOT_FOUND', 'There is no such variant.', ['variantId']);
  await lockProduct(tx, variant.productId, 'variantId');
  return variant.productId;
}
