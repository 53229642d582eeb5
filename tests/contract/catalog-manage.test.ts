/** Managing the catalog: what admins may do, what others hear of it, and what is refused. */
import { randomUUID } from 'node:crypto';
import type { Principal } from '../../platform/auth/principal';
import { catalog } from '../../subgraphs/catalog';
import { reindexJob } from '../../subgraphs/catalog/index-products';
import { priceVariants, productChanged } from '../../subgraphs/catalog/messages';
import { fromId, toId } from '../../platform/ids';
import {
  ADMIN,
  expectLedgerToAgree,
  makeProduct,
  mutate,
  read,
  refused,
  statementsOf,
  usd,
  userOf,
} from '../support/catalog';
import { apiClient } from '../support/principals';
import { startSubgraph, type SubgraphUnderTest } from '../support/subgraph';

let shop: SubgraphUnderTest;
beforeAll(async () => {
  shop = await startSubgraph(catalog);
});
afterAll(async () => {
  await expectLedgerToAgree(shop);
  await shop.stop();
});

const PRODUCT = `product { id slug name description availableForSale category { slug } attributes { name value }
  priceRange { min { amount } max { amount } } variants { sku name } }`;
type ProductAnswer = { product: Record<string, unknown> | null };
const VARIANT =
  'productVariant { id sku name price { amount } compareAtPrice { amount } availableForSale options { name value } }';
type VariantAnswer = { productVariant: Record<string, unknown> | null };
type CategoryAnswer = { category: { id: string; slug: string; parent: { slug: string } | null } | null };
const CATEGORY = 'category { id slug name parent { slug } }';

const variant = (sku: string = randomUUID(), more: object = {}) => ({ sku, name: 'One', price: usd('5.00'), ...more });
const makeCategory = async (name: string, parentId?: string) =>
  (await mutate<CategoryAnswer>(shop, 'createCategory', { name, parentId }, CATEGORY)).category!;
const found = async (query: string): Promise<string[]> =>
  (await read<{ products: { nodes: { name: string }[] } }>(shop, 'query ($query: String) { products(query: $query) { nodes { name } } }', { query }))
    .products.nodes.map(({ name }) => name); // prettier-ignore
const changesOf = (productId: string) =>
  shop.services.db.rows<{ payload: unknown; aggregate_version: number }>(
    'SELECT payload, aggregate_version FROM outbox WHERE name = $1 AND aggregate_id = $2 ORDER BY position',
    [productChanged.name, productId],
  );
const auditOf = async (target: string) =>
  (await shop.services.db.rows<{ payload: Record<string, unknown> }>(
    `SELECT payload FROM outbox WHERE name = 'audit.recorded' AND payload->>'target' = $1 ORDER BY position`, [target],
  )).map(({ payload }) => payload); // prettier-ignore
/** Everything a refused mutation could have changed. */
const everything = () =>
  shop.services.db.rows(
    `SELECT (SELECT md5(string_agg(p::text, '' ORDER BY id)) FROM product p) AS products, (SELECT md5(string_agg(v::text, '' ORDER BY id)) FROM variant v) AS variants,
            (SELECT md5(string_agg(c::text, '' ORDER BY id)) FROM category c) AS categories, (SELECT count(*) FROM outbox) AS events,
            (SELECT md5(string_agg(x::text, '' ORDER BY variant_id)) FROM variant_price x) AS prices, (SELECT count(*) FROM stock_movement) AS movements`,
  );

describe('products', () => {
  test('a new product is in lists, search, facets and its category at once; others are told, an audit is kept', async () => {
    const category = await makeCategory('Umbrellas');
    const input = {
      name: 'Grand Parapluie',
      description: 'Keeps the rain off.',
      categoryId: category.id,
      attributes: [
        { name: 'handle', value: 'Ash' },
        { name: 'handle', value: 'Oak' },
        { name: 'handle', value: 'Ash' },
      ],
      variants: [
        {
          ...variant('PAR-1'),
          price: usd('49.90'),
          compareAtPrice: usd('60'),
          onHand: 3,
          options: [{ name: 'Colour', value: 'Black' }],
        },
        { ...variant('PAR-2'), price: usd('39.5'), name: 'Two' },
      ],
    };
    const { product, userErrors } = await mutate<ProductAnswer>(shop, 'createProduct', input, PRODUCT);
    expect(userErrors).toEqual([]);
    expect(product).toEqual({
      id: expect.stringMatching(/^prod_/) as unknown,
      slug: 'grand-parapluie',
      name: 'Grand Parapluie',
      description: 'Keeps the rain off.',
      availableForSale: true,
      category: { slug: 'umbrellas' },
      attributes: input.attributes,
      priceRange: { min: { amount: '39.50' }, max: { amount: '49.90' } },
      variants: [
        { sku: 'PAR-1', name: 'One' },
        { sku: 'PAR-2', name: 'Two' },
      ],
    });
    const data = await read<Record<string, unknown>>(
      shop,
      `{
      newest: products(first: 1) { nodes { slug } }
      searched: products(query: "parapluies") { nodes { slug } facets { name values { value count } } }
      byNumber: products(query: "par-2") { nodes { slug } }
      category(slug: "umbrellas") { products { nodes { slug } } }
      productVariant(sku: "PAR-1") { compareAtPrice { amount } options { name value } image { url } availableForSale product { slug } }
      sibling: productVariant(sku: "PAR-2") { availableForSale compareAtPrice { amount } options { name } }
    }`,
    );
    const nodes = [{ slug: 'grand-parapluie' }];
    expect(data).toEqual({
      newest: { nodes },
      searched: {
        nodes,
        facets: [
          {
            name: 'handle',
            values: [
              { value: 'Ash', count: 1 },
              { value: 'Oak', count: 1 },
            ],
          },
        ],
      },
      byNumber: { nodes },
      category: { products: { nodes } },
      productVariant: {
        compareAtPrice: { amount: '60.00' },
        options: [{ name: 'Colour', value: 'Black' }],
        image: null,
        availableForSale: true,
        product: { slug: 'grand-parapluie' },
      },
      sibling: { availableForSale: false, compareAtPrice: null, options: [] },
    });
    const id = product!['id'] as string;
    const uuid = fromId('prod', id)!;
    const [event, ...more] = await changesOf(uuid);
    expect(more).toEqual([]);
    expect(event!.payload).toMatchObject({ productId: uuid });
    expect(await auditOf(id)).toEqual([
      expect.objectContaining({ action: 'createProduct', actorKind: 'user', actorId: 'id' in ADMIN && ADMIN.id }),
    ]);
  });

  test('slugs: from the name, apart when taken (also by several at once), refused when asked for', async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => makeProduct(shop, { name: 'Same Name' })));
    expect(new Set(made.map(({ slug }) => slug)).size).toBe(8);
    expect(made.filter(({ slug }) => slug === 'same-name')).toHaveLength(1);
    expect((await makeProduct(shop, { name: '日本' })).slug).toBe('product');
    const taken = await mutate<ProductAnswer>(
      shop,
      'createProduct',
      { name: 'X', slug: 'same-name', variants: [variant()] },
      PRODUCT,
    );
    const details = { retryable: false };
    expect(taken).toMatchObject({ product: null, userErrors: [{ code: 'CONFLICT', field: ['slug'], details }] });
    const moved = await mutate<ProductAnswer>(
      shop,
      'updateProduct',
      { productId: made[0]!.id, slug: 'product' },
      PRODUCT,
    );
    expect(moved).toMatchObject({ product: null, userErrors: [{ code: 'CONFLICT', field: ['slug'] }] });
  });

  test('article numbers are unique in the shop and in the input', async () => {
    const [known] = (await makeProduct(shop)).variants;
    const before = await everything();
    const input = { name: 'X', variants: [variant('NEW-1'), variant(known!.sku), variant('NEW-1')] };
    expect(await mutate<ProductAnswer>(shop, 'createProduct', input, PRODUCT)).toMatchObject({
      product: null,
      userErrors: [
        { code: 'CONFLICT', field: ['variants', '1', 'sku'] },
        { code: 'VALIDATION_ERROR', field: ['variants', '2', 'sku'] },
      ],
    });
    expect(await everything()).toEqual(before);
    const answers = await Promise.all(
      [1, 2, 3].map((n) =>
        mutate<ProductAnswer>(shop, 'createProduct', { name: `Race ${n}`, variants: [variant('RACE')] }, PRODUCT),
      ),
    );
    expect(answers.filter(({ product }) => product !== null)).toHaveLength(1);
    expect(answers.flatMap(({ userErrors }) => userErrors.map(({ code }) => code))).toEqual(['CONFLICT', 'CONFLICT']);
  });

  test('updateProduct changes what is given and nothing else; null clears', async () => {
    const category = await makeCategory('Kites');
    const { id, uuid } = await makeProduct(shop, {
      name: 'Zeppelin', description: 'Flies.', categoryId: category.id, attributes: [{ name: 'gas', value: 'Helium' }],
    }); // prettier-ignore
    const update = async (changes: object) =>
      (await mutate<ProductAnswer>(shop, 'updateProduct', { productId: id, ...changes }, PRODUCT)).product;
    const first = {
      slug: 'zeppelin',
      name: 'Zeppelin',
      description: 'Flies.',
      category: { slug: 'kites' },
      attributes: [{ name: 'gas', value: 'Helium' }],
    };
    expect(await update({})).toMatchObject(first);
    expect(await changesOf(uuid)).toHaveLength(1);
    expect(await update({ name: 'Zudapter' })).toMatchObject({ ...first, name: 'Zudapter' });
    expect(await found('zeppelin')).toEqual([]);
    expect(await found('zudapters')).toEqual(['Zudapter']);
    expect(await update({ name: null, description: null, categoryId: null, attributes: [] })).toMatchObject({
      slug: 'zeppelin', name: 'Zudapter', description: null, category: null, attributes: [],
    }); // prettier-ignore
    expect((await changesOf(uuid)).map(({ aggregate_version }) => aggregate_version)).toEqual([2, 3, 4]);
  });

  test('an archived product is in no list and not found, but what refers to it still shows it, not for sale', async () => {
    const { id, uuid, slug, variants } = await makeProduct(shop, { name: 'Zarchive Me' });
    const [only] = variants;
    const archive = () => mutate<ProductAnswer>(shop, 'archiveProduct', { productId: id }, PRODUCT);
    expect(await archive()).toMatchObject({ product: { slug, availableForSale: false }, userErrors: [] });
    expect(await archive()).toMatchObject({ product: { slug }, userErrors: [] });
    expect(await changesOf(uuid)).toHaveLength(2);
    expect(await auditOf(id)).toHaveLength(2);
    expect(await found('zarchive')).toEqual([]);
    const nothing = { a: null, b: null, c: null, d: null };
    const query = `{ a: product(id: "${id}") { id } b: product(slug: "${slug}") { id } c: productVariant(id: "${only!.id}") { id } d: productVariant(sku: "${only!.sku}") { id } }`;
    expect(await read(shop, query)).toEqual(nothing);
    expect(await read(shop, query, {}, ADMIN)).toEqual(nothing);
    const representations = [
      { __typename: 'Product', id },
      { __typename: 'ProductVariant', id: only!.id },
      { __typename: 'ProductVariant', id: toId('var', randomUUID()) },
      { __typename: 'Product', id: 'nonsense' },
    ];
    const entities = `query ($representations: [_Any!]!) { _entities(representations: $representations) {
      ... on Product { slug availableForSale } ... on ProductVariant { sku price { amount } availableForSale product { slug } } } }`;
    expect(await read(shop, entities, { representations })).toEqual({
      _entities: [
        { slug, availableForSale: false },
        { sku: only!.sku, price: { amount: '10.00' }, availableForSale: false, product: { slug } },
        null,
        null,
      ],
    });
    const { variants: priced } = await shop.command(priceVariants, { variantIds: [only!.uuid], currencyCode: 'USD' });
    expect(priced).toMatchObject([{ purchasable: false }]);
    for (const [name, input] of [
      ['updateProduct', { productId: id, name: 'X' }],
      ['createProductVariant', { productId: id, ...variant() }],
      ['updateProductVariant', { variantId: only!.id, name: 'X' }],
    ] as const) {
      expect((await mutate(shop, name, input, '__typename')).userErrors).toMatchObject([{ code: 'CONFLICT' }]);
    }
  });

  test('product and productVariant: null for ids that are malformed, unknown or of another type; one way of asking', async () => {
    const { id, variants } = await makeProduct(shop);
    for (const bad of [
      '',
      'x',
      'prod_',
      toId('prod', randomUUID()),
      variants[0]!.id,
      `${id}x`,
      id.toUpperCase(),
      '\u0000',
      'a'.repeat(5_000),
    ]) {
      expect(
        await read(shop, 'query ($bad: ID) { product(id: $bad) { id } category(id: $bad) { id } }', { bad }),
      ).toEqual({ product: null, category: null });
      expect(await read(shop, 'query ($bad: String) { product(slug: $bad) { id } category(slug: $bad) { id } productVariant(sku: $bad) { id } }', { bad }))
        .toEqual({ product: null, category: null, productVariant: null }); // prettier-ignore
    }
    expect(await read(shop, `{ productVariant(id: "${id}") { id } }`)).toEqual({ productVariant: null });
    for (const ask of [
      'product { id }',
      `product(id: "${id}", slug: "x") { id }`,
      'category { id }',
      'productVariant { id }',
      `productVariant(id: "${id}", sku: "x") { id }`,
    ]) {
      expect(await refused(shop, `{ ${ask} }`)).toMatchObject({ code: 'VALIDATION_ERROR', field: ['id'] });
    }
  });
});

describe('variants', () => {
  test('come behind their siblings, and the price range and availability follow', async () => {
    const { id, uuid } = await makeProduct(shop, { onHand: [0], prices: ['10.00'] });
    const answer = await mutate<VariantAnswer>(
      shop, 'createProductVariant', { productId: id, ...variant('BEHIND', { price: usd('4.00'), onHand: 2, options: [{ name: 'Size', value: 'M' }] }) }, VARIANT,
    ); // prettier-ignore
    expect(answer).toMatchObject({
      productVariant: {
        sku: 'BEHIND',
        price: { amount: '4.00' },
        compareAtPrice: null,
        availableForSale: true,
        options: [{ name: 'Size', value: 'M' }],
      },
      userErrors: [],
    });
    const product = `{ product(id: "${id}") { availableForSale priceRange { min { amount } max { amount } } variants { name } } }`;
    expect(await read(shop, product)).toEqual({
      product: {
        availableForSale: true,
        priceRange: { min: { amount: '4.00' }, max: { amount: '10.00' } },
        variants: [{ name: 'No. 0' }, { name: 'One' }],
      },
    });
    const variantId = answer.productVariant!['id'] as string;
    const update = async (changes: object) =>
      (await mutate<VariantAnswer>(shop, 'updateProductVariant', { variantId, ...changes }, VARIANT)).productVariant;
    expect(await update({ price: usd('12.00'), compareAtPrice: usd('15') })).toMatchObject({
      sku: 'BEHIND', price: { amount: '12.00' }, compareAtPrice: { amount: '15.00' },
    }); // prettier-ignore
    expect(await update({ sku: 'AFTER', name: 'Last', options: [], compareAtPrice: null })).toMatchObject({
      sku: 'AFTER', name: 'Last', price: { amount: '12.00' }, compareAtPrice: null, options: [],
    }); // prettier-ignore
    expect(await read(shop, product)).toMatchObject({
      product: { priceRange: { min: { amount: '10.00' }, max: { amount: '12.00' } } },
    });
    expect(await found('after')).toEqual(['Plain Thing']);
    const events = await changesOf(uuid);
    expect(events).toHaveLength(4);
    expect(events[3]!.payload).toMatchObject({ variantIds: [expect.any(String), fromId('var', variantId)] });
    expect((await auditOf(variantId)).map(({ action }) => action)).toEqual([
      'createProductVariant',
      'updateProductVariant',
      'updateProductVariant',
    ]);
    expect(await update({})).toMatchObject({ sku: 'AFTER' });
    expect(await changesOf(uuid)).toHaveLength(4);
  });

  test('a product has at most 100', async () => {
    const { id } = await makeProduct(shop, { onHand: Array(99).fill(0) as number[] });
    const add = () => mutate<VariantAnswer>(shop, 'createProductVariant', { productId: id, ...variant() }, VARIANT);
    const answers = await Promise.all([add(), add(), add()]);
    expect(answers.filter(({ productVariant }) => productVariant !== null)).toHaveLength(1);
    expect(answers.flatMap(({ userErrors }) => userErrors)).toMatchObject(
      Array(2).fill({ code: 'CONFLICT', field: ['productId'], details: { maximum: 100, retryable: false } }),
    );
  });

  test('an article number that is taken', async () => {
    const { id, variants } = await makeProduct(shop, { onHand: [1, 1] });
    const [a, b] = variants;
    const taken = [{ code: 'CONFLICT', field: ['sku'] }];
    expect(await mutate(shop, 'createProductVariant', { productId: id, ...variant(a!.sku) }, VARIANT)).toMatchObject({
      userErrors: taken,
    });
    expect(await mutate(shop, 'updateProductVariant', { variantId: b!.id, sku: a!.sku }, VARIANT)).toMatchObject({
      userErrors: taken,
    });
  });

  test('priceVariants: one statement, unknown ones and other currencies absent, price as it is now', async () => {
    const { uuid, variants } = await makeProduct(shop, { name: 'Priced', onHand: [1, 1], prices: ['7.25', '8.00'] });
    const [a, b] = variants;
    const ask = (currencyCode = 'USD') =>
      shop.command(priceVariants, { variantIds: [a!.uuid, randomUUID(), b!.uuid], currencyCode });
    const answer = await ask();
    expect(answer.variants).toHaveLength(2);
    expect(answer.variants.find(({ variantId }) => variantId === a!.uuid)).toEqual({
      variantId: a!.uuid, productId: uuid, sku: a!.sku, productName: 'Priced', variantName: 'No. 0', image: null, unitPrice: 725n, purchasable: true,
    }); // prettier-ignore
    expect(await ask('EUR')).toEqual({ variants: [] });
    await mutate(shop, 'updateProductVariant', { variantId: a!.id, price: usd('9.99') }, VARIANT);
    expect((await ask()).variants.map(({ unitPrice }) => unitPrice).sort()).toEqual([800n, 999n]);
  });
});

describe('categories', () => {
  test('form a tree that is seen at once; moving a branch takes its products along', async () => {
    const garden = await makeCategory('Garden');
    const tools = await makeCategory('Garden Tools', garden.id);
    const hoes = await makeCategory('Hoes', tools.id);
    expect(hoes).toMatchObject({ slug: 'hoes', parent: { slug: 'garden-tools' } });
    await makeProduct(shop, { name: 'Zhoe', categoryId: hoes.id });
    const inside = async (slug: string) =>
      (
        await read<{ products: { totalCount: number } }>(
          shop,
          `{ products(filter: { category: "${slug}" }) { totalCount } }`,
        )
      ).products.totalCount;
    expect([await inside('garden'), await inside('garden-tools'), await inside('hoes')]).toEqual([1, 1, 1]);
    expect(await found('garden zhoe')).toEqual(['Zhoe']);
    const shed = await makeCategory('Shed');
    const update = (input: object) => mutate<CategoryAnswer>(shop, 'updateCategory', input, CATEGORY);
    expect(await update({ categoryId: tools.id, parentId: shed.id, name: 'Implements' })).toMatchObject({
      category: { slug: 'garden-tools', name: 'Implements', parent: { slug: 'shed' } },
      userErrors: [],
    });
    expect([await inside('garden'), await inside('shed'), await inside('hoes')]).toEqual([0, 1, 1]);
    await reindexJob.run(shop.services);
    expect(await found('garden zhoe')).toEqual([]);
    expect(await found('shed implement zhoe')).toEqual(['Zhoe']);
    expect(await shop.services.db.rows('SELECT 1 FROM category_reindex')).toEqual([]);
    expect(await update({ categoryId: tools.id, parentId: null, slug: 'implements' })).toMatchObject({
      category: { slug: 'implements', parent: null },
    });
    const { categories } = await read<{ categories: { slug: string; children: { slug: string }[] }[] }>(
      shop,
      '{ categories { slug children { slug } } }',
    );
    expect(categories.find(({ slug }) => slug === 'implements')).toEqual({
      slug: 'implements',
      children: [{ slug: 'hoes' }],
    });
    expect(categories.map(({ slug }) => slug)).toEqual(expect.arrayContaining(['garden', 'shed']));
    expect((await auditOf(tools.id)).map(({ action }) => action)).toEqual([
      'createCategory',
      'updateCategory',
      'updateCategory',
    ]);
  });

  test('re-indexing goes in steps through a large category', async () => {
    const category = await makeCategory('Bulk');
    await shop.services.db.rows(
      `INSERT INTO product (id, slug, name, name_key, category_id, attributes, tags, images)
       SELECT gen_random_uuid(), 'bulk-' || n, 'Bulk ' || n, 'bulk ' || n, $1, '[]', '{}', '[]' FROM generate_series(1, 1203) AS n`,
      [fromId('cat', category.id)],
    );
    await mutate(shop, 'updateCategory', { categoryId: category.id, name: 'Zzbulk' }, CATEGORY);
    await Promise.all([reindexJob.run(shop.services), reindexJob.run(shop.services)]);
    const { products } = await read<{ products: { totalCount: number } }>(
      shop,
      '{ products(query: "zzbulk") { totalCount } }',
    );
    expect(products.totalCount).toBe(1_203);
    await shop.services.db.rows('DELETE FROM product WHERE category_id = $1', [fromId('cat', category.id)]);
  });

  test('cannot lie below themselves, whoever moves what at the same time', async () => {
    const a = await makeCategory('Loop A');
    const b = await makeCategory('Loop B');
    const move = (categoryId: string, parentId: string) =>
      mutate<CategoryAnswer>(shop, 'updateCategory', { categoryId, parentId }, CATEGORY);
    const refusal = { category: null, userErrors: [{ code: 'CONFLICT', field: ['parentId'] }] };
    expect(await move(a.id, a.id)).toMatchObject(refusal);
    const answers = await Promise.all([move(a.id, b.id), move(b.id, a.id)]);
    expect(answers.filter(({ category }) => category !== null)).toHaveLength(1);
    expect(answers.find(({ category }) => category === null)).toMatchObject(refusal);
  });

  test('a slug that is taken, a parent that is not there, 500 at most', async () => {
    const { slug } = await makeCategory('Taken');
    const create = (input: object) => mutate<CategoryAnswer>(shop, 'createCategory', input, CATEGORY);
    expect(await create({ name: 'X', slug })).toMatchObject({
      category: null,
      userErrors: [{ code: 'CONFLICT', field: ['slug'] }],
    });
    expect((await makeCategory('Taken')).slug).toMatch(/^taken-[0-9a-f]{6}$/);
    expect(await create({ name: 'X', parentId: toId('cat', randomUUID()) })).toMatchObject({
      userErrors: [{ code: 'NOT_FOUND', field: ['parentId'] }],
    });
    await shop.services.db.rows(
      `INSERT INTO category (id, slug, name) SELECT gen_random_uuid(), 'filler-' || n, 'Filler' FROM generate_series(1, 500 - (SELECT count(*) FROM category)) AS n`,
    );
    expect(await create({ name: 'One Too Many' })).toMatchObject({
      category: null,
      userErrors: [{ code: 'CONFLICT', details: { maximum: 500 } }],
    });
    await shop.services.db.rows(`DELETE FROM category WHERE slug LIKE 'filler-%'`);
  });
});

describe('refusals', () => {
  const unknown = (prefix: 'prod' | 'var' | 'cat') => toId(prefix, '01900000-0000-7000-8000-000000000000');
  const long = 'x'.repeat(201);
  const of = (field: string, changes: object) => ({ name: 'X', variants: [variant()], ...changes, field });
  const price = (amount: unknown, currencyCode = 'USD') => ({
    variants: [variant('S', { price: { amount, currencyCode } })],
  });

  test.each([
    of('name', { name: '' }),
    of('name', { name: '   ' }),
    of('name', { name: long }),
    of('slug', { slug: 'Not A Slug' }),
    of('slug', { slug: '-x' }),
    of('description', { description: 'x'.repeat(2_001) }),
    of('categoryId', { categoryId: 'nonsense' }),
    of('categoryId', { categoryId: unknown('prod') }),
    of('attributes', { attributes: Array(51).fill({ name: 'a', value: 'b' }) }),
    of('attributes.0.name', { attributes: [{ name: 'x'.repeat(201), value: 'b' }] }),
    of('attributes.0.value', { attributes: [{ name: 'a', value: '' }] }),
    of('attributes.0.value', { attributes: [{ name: 'a', value: 'b\u001fc' }] }),
    of('attributes.0.value', { attributes: [{ name: 'a', value: '\ud800' }] }),
    of('attributes.0.value', { attributes: [{ name: 'a', value: '\u0000' }] }),
    of('variants', { variants: [] }),
    of('variants', { variants: Array(101).fill(variant()) }),
    of('variants.0.sku', { variants: [variant('')] }),
    of('variants.0.sku', { variants: [variant('x'.repeat(101))] }),
    of('variants.0.name', { variants: [variant('S', { name: long })] }),
    of('variants.0.price.amount', price('-1')),
    of('variants.0.price.amount', price('1.999')),
    of('variants.0.price.amount', price('1e2')),
    of('variants.0.price.amount', price('')),
    of('variants.0.price.amount', price('10000000000.01')),
    of('variants.0.price.currencyCode', price('1', 'EUR')),
    of('variants.0.price.currencyCode', price('1', 'usd')),
    of('variants.0.compareAtPrice.amount', { variants: [variant('S', { compareAtPrice: usd('x') })] }),
    of('variants.0.onHand', { variants: [variant('S', { onHand: -1 })] }),
    of('variants.0.onHand', { variants: [variant('S', { onHand: 1_000_001 })] }),
    of('variants.0.options', {
      variants: [
        variant('S', {
          options: [
            { name: 'a', value: 'b' },
            { name: 'a', value: 'c' },
          ],
        }),
      ],
    }),
    of('variants.0.options', {
      variants: [variant('S', { options: Array.from({ length: 11 }, (_, n) => ({ name: `o${n}`, value: 'b' })) })],
    }),
  ])('createProduct: $field, VALIDATION_ERROR, nothing changes (%#)', async ({ field, ...input }) => {
    const before = await everything();
    const answer = await mutate<ProductAnswer>(shop, 'createProduct', input, PRODUCT);
    expect(answer.product).toBeNull();
    expect(answer.userErrors[0]).toMatchObject({ code: 'VALIDATION_ERROR', field: field.split('.') });
    expect(await everything()).toEqual(before);
  });

  test.each([
    ['createProduct', { name: 'X', variants: [variant()], categoryId: unknown('cat') }, 'categoryId'],
    ['updateProduct', { productId: unknown('prod'), name: 'X' }, 'productId'],
    ['archiveProduct', { productId: unknown('prod') }, 'productId'],
    ['createProductVariant', { productId: unknown('prod'), ...variant() }, 'productId'],
    ['updateProductVariant', { variantId: unknown('var'), name: 'X' }, 'variantId'],
    ['updateCategory', { categoryId: unknown('cat'), name: 'X' }, 'categoryId'],
  ])('%s: what is not there is NOT_FOUND', async (name, input, field) => {
    const before = await everything();
    expect((await mutate(shop, name, input, '__typename')).userErrors).toMatchObject([
      { code: 'NOT_FOUND', field: [field] },
    ]);
    expect(await everything()).toEqual(before);
  });

  test('everything is for admins alone', async () => {
    const { id, variants } = await makeProduct(shop);
    const category = await makeCategory('Closed');
    const before = await everything();
    const inputs: Record<string, object> = {
      createProduct: { name: 'X', variants: [variant()] },
      updateProduct: { productId: id, name: 'X' },
      archiveProduct: { productId: id },
      createProductVariant: { productId: id, ...variant() },
      updateProductVariant: { variantId: variants[0]!.id, price: usd('0.01') },
      createCategory: { name: 'X' },
      updateCategory: { categoryId: category.id, name: 'X' },
    };
    for (const [name, input] of Object.entries(inputs)) {
      const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
      const mutation = `mutation ($input: ${type}!) { ${name}(input: $input) { userErrors { code } } }`;
      expect(await refused(shop, mutation, { input })).toMatchObject({ code: 'UNAUTHENTICATED' });
      for (const role of ['CUSTOMER', 'PARTNER', 'SUPPORT'] as const) {
        expect(await refused(shop, mutation, { input }, userOf(role))).toMatchObject({ code: 'FORBIDDEN' });
      }
    }
    expect(await everything()).toEqual(before);
  });
});

test('two mutations of one operation each show their own outcome', async () => {
  const { variants } = await makeProduct(shop);
  const { id } = variants[0]!;
  const adjust = (delta: number) =>
    `adjustStock(input: { variantId: "${id}", delta: ${delta}, reason: "r", idempotencyKey: "${randomUUID()}" }) { productVariant { stock { onHand } } }`;
  const data = await read(shop, `mutation { a: ${adjust(1)} b: ${adjust(2)} }`, {}, ADMIN);
  expect(data).toEqual({
    a: { productVariant: { stock: { onHand: 11 } } },
    b: { productVariant: { stock: { onHand: 13 } } },
  });
});

test('me: the id of a user, null for others, no statement', async () => {
  const customer = userOf('CUSTOMER');
  const ask = (principal?: Principal) => read(shop, '{ me { id } }', {}, principal);
  expect(await ask(customer)).toEqual({ me: { id: toId('user', customer.id) } });
  expect(await ask()).toEqual({ me: null });
  expect(await ask(apiClient())).toEqual({ me: null });
  expect(await statementsOf(() => ask(customer))).toBe(0);
});
