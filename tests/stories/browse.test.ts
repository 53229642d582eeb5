/** Somebody looks around in the shop. */
import * as documents from '../generated/graphql';
import { codes, demo, must, productFor, Visitor } from '../support/shop';

const nobody = new Visitor();

test('finds products by what they are called, filters by a facet, and opens one', async () => {
  const { products } = await nobody.get(documents.ProductsWithFacetsDocument, {});
  const list = must(products, undefined);
  expect(list.totalCount).toBeGreaterThanOrEqual(1_000);
  const facet = must(list.facets[0], undefined);
  const value = must(facet.values[0], undefined);

  const filter = { attributes: [{ name: facet.name, values: [value.value] }] };
  const filtered = must((await nobody.get(documents.ProductsWithFacetsDocument, { filter })).products, undefined);
  expect(filtered.totalCount).toBe(value.count);
  // Counts ignore the filter on the facet's own attribute: the other values stay choosable.
  expect(filtered.facets.find(({ name }) => name === facet.name)).toEqual(facet);

  const card = must(filtered.nodes[0], undefined);
  const { product } = await nobody.get(documents.ProductDocument, { slug: card.slug });
  expect(product).toMatchObject({ id: card.id, name: card.name });
  expect(product?.attributes).toContainEqual({ name: facet.name, value: value.value });
  expect(product?.variants[0]?.stock).toBeNull();

  const word = must(card.name.split(' ')[0], undefined);
  const found = must((await nobody.get(documents.ProductsDocument, { query: word, first: 100 })).products, undefined);
  expect(found.nodes.length).toBeGreaterThan(0);
  const { searchSuggestions } = await nobody.get(documents.SearchSuggestionsDocument, { query: word.slice(0, 4) });
  expect(searchSuggestions?.length).toBeGreaterThan(0);
});

test('pages through a category forwards and back without missing or repeating anything', async () => {
  const { categories } = await nobody.get(documents.CategoriesDocument, {});
  const slug = must(categories?.[0], undefined).slug;
  const filter = { category: slug };
  const forward: string[] = [];
  for (let after: string | null | undefined, more = true; more;) {
    const { products } = await nobody.get(documents.ProductsDocument, { filter, sort: 'PRICE_ASC', first: 30, after });
    const page = must(products, undefined);
    forward.push(...page.nodes.map(({ id }) => id));
    more = page.pageInfo.hasNextPage;
    after = page.pageInfo.endCursor;
  }
  const backward: string[] = [];
  for (let before: string | null | undefined, more = true; more;) {
    const { products } = await nobody.get(documents.ProductsDocument, { filter, sort: 'PRICE_ASC', last: 30, before });
    const page = must(products, undefined);
    backward.unshift(...page.nodes.map(({ id }) => id));
    more = page.pageInfo.hasPreviousPage;
    before = page.pageInfo.startCursor;
  }
  expect(new Set(forward).size).toBe(forward.length);
  expect(backward).toEqual(forward);
});

test('sees a picture that the shop itself serves', async () => {
  const { products } = await nobody.get(documents.ProductsDocument, { first: 20, sort: 'NAME_ASC' });
  const pictured = products?.nodes.find(({ images }) => images.length > 0);
  const { url } = must(pictured?.images[0], undefined);
  const picture = await fetch(new URL(new URL(url).pathname, nobody.url));
  expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/svg+xml']);
});

test('a new product is there at once, for everybody, and its stock for staff alone', async () => {
  const { product, sku, variantId } = await productFor({ onHand: 7 });
  expect((await nobody.get(documents.ProductDocument, { id: product.id })).product).toMatchObject({
    availableForSale: true,
  });
  expect((await nobody.get(documents.ProductVariantDocument, { sku })).productVariant).toMatchObject({
    id: variantId,
    stock: null,
  });
  const support = await demo('support');
  expect((await support.get(documents.ProductVariantDocument, { sku })).productVariant?.stock).toEqual({
    onHand: 7,
    reserved: 0,
    available: 7,
  });
  const { products } = await nobody.get(documents.ProductsDocument, { query: product.name });
  expect(products?.nodes.map(({ id }) => id)).toContain(product.id);
});

test.each([
  ['a customer', 'ada', 'FORBIDDEN'],
  ['support', 'support', 'FORBIDDEN'],
  ['nobody', undefined, 'UNAUTHENTICATED'],
] as const)('%s does not manage the catalogue', async (_, who, code) => {
  const visitor = who ? await demo(who) : nobody;
  const { sku, variantId, available } = await productFor({ onHand: 5 });
  const stock = { variantId, delta: 5, reason: 'found some', idempotencyKey: 'k' };
  expect(codes(await visitor.ask(documents.AdjustStockDocument, { input: stock }))).toEqual([code]);
  const made = {
    name: 'Mine',
    variants: [{ sku: `${sku}-2`, name: 'x', price: { amount: '1.00', currencyCode: 'USD' } }],
  };
  expect(codes(await visitor.ask(documents.CreateProductDocument, { input: made }))).toEqual([code]);
  expect(await available()).toBe(5);
  expect((await nobody.get(documents.ProductVariantDocument, { sku: `${sku}-2` })).productVariant).toBeNull();
});
