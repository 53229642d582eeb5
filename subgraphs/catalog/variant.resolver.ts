/** Reading variants. */
import { Arg, Ctx, Directive, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import { isStaff } from '../../platform/auth/principal';
import { Fault } from '../../platform/errors';
import { fromId } from '../../platform/ids';
import type { GraphContext } from '../../platform/subgraph';
import { productById, variantById } from './catalog.loaders';
import { Product } from './product.type';
import { StockLevel } from './stock/stock.type';
import { ProductVariant, VARIANT_SQL, type VariantRow } from './variant.type';

@Resolver(() => ProductVariant)
export class VariantResolver {
  @Directive('@tag(name: "partner")')
  @Query(() => ProductVariant, {
    nullable: true,
    description: 'A variant, by id or by article number. null: there is none, or its product is archived.',
  })
  async productVariant(
    @Arg('id', () => ID, { nullable: true, description: 'Its id.' }) id: string | null | undefined,
    @Arg('sku', () => String, { nullable: true, description: 'Its article number.' }) sku: string | null | undefined,
    @Ctx() context: GraphContext,
  ): Promise<ProductVariant | null> {
    if ((id == null) === (sku == null)) {
      throw new Fault('VALIDATION_ERROR', 'Give either id or sku.', { field: ['id'] });
    }
    const variant = sku == null ? await findById(id, context) : await findBySku(sku, context);
    return variant?.archived ? null : variant;
  }

  @Directive('@tag(name: "staff")')
  @FieldResolver(() => StockLevel, { nullable: true, description: 'Units in stock, for staff; null for others.' })
  stock(@Root() { onHand, reserved }: ProductVariant, @Ctx() { principal }: GraphContext): StockLevel | null {
    return isStaff(principal) ? { onHand, reserved, available: onHand - reserved } : null;
  }

  @FieldResolver(() => Product, { description: 'The product it is a variant of.' })
  async product(@Root() variant: ProductVariant, @Ctx() context: GraphContext): Promise<Product> {
    const product = await productById(context).load(variant.productUuid);
    if (!product) throw new Error('a variant without product');
    return product;
  }
}

async function findById(id: unknown, context: GraphContext): Promise<ProductVariant | null> {
  const uuid = fromId('var', id);
  return uuid === null ? null : variantById(context).load(uuid);
}

async function findBySku(sku: string, { services }: GraphContext): Promise<ProductVariant | null> {
  // No article number is longer or has control characters, and PostgreSQL takes no NUL.
  if (sku.length > 100 || /\p{Cc}/u.test(sku)) return null;
  const [row] = await services.db.rows<VariantRow>(`${VARIANT_SQL} WHERE v.sku = $2`, [services.config.currency, sku]);
  return row ? ProductVariant.of(row, services.config) : null;
}
