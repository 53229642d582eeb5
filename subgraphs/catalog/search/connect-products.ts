import type { Connection } from '../../../platform/graph/connection';
import type { Services } from '../../../platform/subgraph';
import { ProductConnection, type Product } from '../product.type';
import type { Facet } from './facet.type';
import { countFacets } from './facets';
import { countProducts, listProducts } from './product-list';
import type { ProductListArgs } from './product-list.inputs';

/** A page of products; count and facets are asked of the database when they are selected. */
export interface ProductListConnection extends Connection<Product> {
  countFacets(): Promise<Facet[]>;
}

/** A product list for the graph; `within`: uuid of a category. Throws Fault VALIDATION_ERROR. */
export async function connectProducts(
  services: Services,
  args: ProductListArgs,
  within: string | null = null,
): Promise<ProductListConnection> {
  const { page, criteria } = await listProducts(services, args, within);
  const connection = ProductConnection.of(page, () => countProducts(services, criteria));
  return Object.assign(connection, { countFacets: () => countFacets(services, criteria) });
}
