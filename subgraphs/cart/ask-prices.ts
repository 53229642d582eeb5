/** Prices from the catalog. */
import { codeOf } from '../../platform/errors';
import type { CommandMeta } from '../../platform/commands/command';
import type { Services } from '../../platform/subgraph';
import { priceVariants, type VariantSnapshot } from '../catalog/messages';

/** An answer of the catalog. */
export interface PriceList {
  /**
   * Price version: a number drawn before the catalog was asked. A price with a higher one was read later, so it replaces one with a
   * lower, never the other way round. A change told by the catalog is asked about after it happened, and thus wins over
   * whatever was asked before.
   */
  version: bigint;
  /** By variant; those the catalog does not know are absent. */
  variants: ReadonlyMap<string, VariantSnapshot>;
}

/**
 * Asks for up to 400 variants in one command; never call it while a cart is locked. Fault SERVICE_UNAVAILABLE when the catalog is
 * down.
 */
export async function askPrices(
  services: Services,
  variantIds: readonly string[],
  meta: CommandMeta,
): Promise<PriceList> {
  const [drawn] = await services.db.rows<{ version: string }>(`SELECT nextval('price_version') AS version`);
  const { variants } = await services.commands.send(
    priceVariants,
    { variantIds: [...new Set(variantIds)], currencyCode: services.config.currency },
    { principal: meta.principal, requestId: meta.requestId },
  );
  return {
    version: BigInt(drawn?.version ?? 0),
    variants: new Map(variants.map((variant) => [variant.variantId, variant])),
  };
}

/** The same, but null when the catalog is down, for what can do with the prices a cart already has. */
export async function tryAskPrices(
  services: Services,
  variantIds: readonly string[],
  meta: CommandMeta,
): Promise<PriceList | null> {
  try {
    return await askPrices(services, variantIds, meta);
  } catch (error) {
    if (codeOf(error) === 'SERVICE_UNAVAILABLE') return null;
    throw error;
  }
}
