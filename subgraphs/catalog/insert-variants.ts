/** Adding variants to a product, with price and first stock. */
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { moneyIn, nameText } from '../../platform/graph/validate';
import { newUuid } from '../../platform/ids';
import type { Services } from '../../platform/subgraph';
import { onHandNumber, optionList, skuText } from './product.rules';
import { openLevels } from './stock/ledger';
import { VariantEntity, VariantPriceEntity } from './variant.entity';

/** Input of a new variant, prices in `currency`. */
export const newVariantIn = (currency: string) =>
  z.object({
    sku: skuText,
    name: nameText,
    price: moneyIn(currency),
    compareAtPrice: moneyIn(currency).nullish(),
    onHand: onHandNumber.nullish(),
    options: optionList.nullish(),
  });
/** A checked new variant. */
export type NewVariant = z.output<ReturnType<typeof newVariantIn>>;

/** Inserts variants of a product from place `position` on; gives their uuids. A taken article number is a unique violation. */
export async function insertVariants(
  tx: EntityManager,
  services: Services,
  variants: readonly NewVariant[],
  place: { productId: string; position: number; actor: string },
): Promise<string[]> {
  const { currency } = services.config;
  const rows = variants.map((variant) => ({ id: newUuid(), ...variant }));
  await tx.insert(
    VariantEntity,
    rows.map((row, index) => ({
      id: row.id,
      productId: place.productId,
      sku: row.sku,
      name: row.name,
      options: row.options ?? [],
      image: null,
      position: place.position + index,
      createdAt: services.clock.now(),
    })),
  );
  await tx.insert(
    VariantPriceEntity,
    rows.map((row) => ({
      variantId: row.id,
      currency,
      amount: row.price.toString(),
      compareAt: row.compareAtPrice?.toString() ?? null,
    })),
  );
  await openLevels(
    tx,
    rows.map((row) => ({ variantId: row.id, quantity: row.onHand ?? 0 })),
    place.actor,
  );
  return rows.map(({ id }) => id);
}
