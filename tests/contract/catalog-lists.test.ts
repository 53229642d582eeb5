/** Product lists against an oracle: the demonstration products are known, so every answer can be worked out by hand. */
import { catalog } from '../../subgraphs/catalog';
import { demoProduct, DEMO_CATEGORIES, type DemoProduct } from '../../subgraphs/catalog/demo/demo-product';
import { nameKey } from '../../subgraphs/catalog/product.rules';
import { seedCatalog } from '../../subgraphs/catalog/seed';
import { toId } from '../../platform/ids';
import { makeProduct, mutate, read, refused, statementsOf } from '../support/catalog';
import { startSubgraph, type SubgraphUnderTest } from '../support/subgraph';

const COUNT = 420;
const demo = Array.from({ length: COUNT }, (_, index) => demoProduct(index));
const idOf = (product: DemoProduct): string => toId('prod', product.id);
const lowest = (product: DemoProduct): number => Math.min(...product.variants.map(({ amount }) => amount));

let shop: SubgraphUnderTest;
beforeAll(async () => {
  shop = await startSubgraph(catalog);
  await seedCatalog(shop.services, { products: COUNT });
});
afterAll(() => shop.stop());

interface List {
  nodes: { id: string; name: string }[];
  edges: { cursor: string }[];
  totalCount: number;
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
  facets: { name: string; values: { value: string; label: string; count: number }[] }[];
}
const ARGUMENTS =
  '$query: String, $filter: ProductFilter, $sort: ProductSort, $first: Int, $after: String, $last: Int, $before: String';
const PASSED =
  'query: $query, filter: $filter, sort: $sort, first: $first, after: $after, last: $last, before: $before';
const listQuery = (selection: string): string => `query (${ARGUMENTS}) { products(${PASSED}) { ${selection} } }`;
const list = async (variables: Record<string, unknown>, selection: string): Promise<List> =>
  (await read<{ products: List }>(shop, listQuery(selection), variables)).products;
const ids = async (variables: Record<string, unknown>): Promise<string[]> =>
  (await all(variables)).map(({ id }) => id).sort();
const PAGE = 'nodes { id name } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';

/** The whole list, page by page. */
async function all(variables: Record<string, unknown>, first = 100): Promise<{ id: string; name: string }[]> {
  const nodes: { id: string; name: string }[] = [];
  for (let after: string | null = null; ;) {
    const page: List = await list({ ...variables, first, after }, PAGE);
    nodes.push(...page.nodes);
    expect(page.pageInfo.hasPreviousPage).toBe(after !== null);
    if (!page.pageInfo.hasNextPage) return nodes;
    expect(page.nodes).toHaveLength(first);
    after = page.pageInfo.endCursor;
  }
}

/** The same from the end. */
async function allBackward(variables: Record<string, unknown>, last: number): Promise<{ id: string; name: string }[]> {
  const nodes: { id: string; name: string }[] = [];
  for (let before: string | null = null; ;) {
    const page: List = await list({ ...variables, last, before }, PAGE);
    nodes.unshift(...page.nodes);
    expect(page.pageInfo.hasNextPage).toBe(before !== null);
    if (!page.pageInfo.hasPreviousPage) return nodes;
    before = page.pageInfo.startCursor;
  }
}

const byId = (a: DemoProduct, b: DemoProduct): number => (a.id < b.id ? -1 : 1);
const ORDERS: Record<string, (a: DemoProduct, b: DemoProduct) => number> = {
  NEWEST: (a, b) => b.createdAt.getTime() - a.createdAt.getTime() || byId(b, a),
  PRICE_ASC: (a, b) => lowest(a) - lowest(b) || byId(a, b),
  PRICE_DESC: (a, b) => lowest(b) - lowest(a) || byId(b, a),
  NAME_ASC: (a, b) => (nameKey(a.name) < nameKey(b.name) ? -1 : nameKey(a.name) > nameKey(b.name) ? 1 : byId(a, b)),
  // Nothing is sold yet: all are equal.
  BEST_SELLING: (a, b) => byId(b, a),
};

describe('pages', () => {
  test.each(Object.keys(ORDERS))(
    '%s: forward and backward, each product once and in order, ties included',
    async (sort) => {
      const expected = [...demo].sort(ORDERS[sort]).map(idOf);
      expect((await all({ sort }, 37)).map(({ id }) => id)).toEqual(expected);
      expect((await allBackward({ sort }, 41)).map(({ id }) => id)).toEqual(expected);
    },
  );

  test('RELEVANCE: the same forward and backward, and the same set as every other sort', async () => {
    const query = 'cotton';
    const forward = await all({ query }, 7);
    expect(forward.length).toBeGreaterThan(20);
    expect(await allBackward({ query, sort: 'RELEVANCE' }, 5)).toEqual(forward);
    expect(forward.map(({ id }) => id).sort()).toEqual(await ids({ query, sort: 'NAME_ASC' }));
  });

  test('twenty without first and last; a page between two cursors', async () => {
    const page = await list({}, PAGE);
    expect(page.nodes).toHaveLength(20);
    expect(page.pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: page.edges[0]!.cursor,
      endCursor: page.edges[19]!.cursor,
    });
    const between = await list({ after: page.edges[2]!.cursor, before: page.edges[6]!.cursor }, 'nodes { id name }');
    expect(between.nodes).toEqual(page.nodes.slice(3, 6));
  });

  test('an empty page', async () => {
    const page = await list({ query: 'zzzzzz' }, `${PAGE} totalCount facets { name }`);
    expect(page).toEqual({
      nodes: [],
      edges: [],
      totalCount: 0,
      facets: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
    });
  });
});

describe('filters', () => {
  const tagged = (name: string, values: string[]) => (product: DemoProduct) =>
    product.attributes.some((attribute) => attribute.name === name && values.includes(attribute.value));
  const priced = (min: number, max: number) => (product: DemoProduct) =>
    product.variants.some(({ amount }) => amount >= min && amount <= max);
  const inside = (category: string) => (product: DemoProduct) => product.categories.includes(category);
  const sellable = (product: DemoProduct) => product.variants.some(({ onHand }) => onHand > 0);

  test.each<[string, object, (product: DemoProduct) => boolean]>([
    ['a leaf', { category: 'mugs' }, inside('Mugs')],
    ['a root with its descendants', { category: 'kitchen' }, inside('Kitchen')],
    ['an unknown category', { category: 'no-such' }, () => false],
    ['a lowest price', { minPrice: '99.99' }, priced(9_999, Infinity)],
    ['a highest price', { maxPrice: '30' }, priced(0, 3_000)],
    ['a range', { minPrice: '45', maxPrice: '50' }, priced(4_500, 5_000)],
    ['a range upside down', { minPrice: '50', maxPrice: '45' }, () => false],
    ['what can be bought', { availableForSale: true }, sellable],
    ['what is sold out', { availableForSale: false }, (product) => !sellable(product)],
    ['one value', { attributes: [{ name: 'material', values: ['Linen'] }] }, tagged('material', ['Linen'])],
    [
      'values as alternatives',
      { attributes: [{ name: 'material', values: ['Linen', 'Oak'] }] },
      tagged('material', ['Linen', 'Oak']),
    ],
    [
      'attributes together',
      {
        attributes: [
          { name: 'material', values: ['Linen', 'Steel'] },
          { name: 'colour', values: ['Blue', 'Red'] },
        ],
      },
      (product) => tagged('material', ['Linen', 'Steel'])(product) && tagged('colour', ['Blue', 'Red'])(product),
    ],
    [
      'an attribute named twice, as alternatives',
      {
        attributes: [
          { name: 'colour', values: ['Blue'] },
          { name: 'colour', values: ['Red'] },
        ],
      },
      tagged('colour', ['Blue', 'Red']),
    ],
    ['an unknown attribute', { attributes: [{ name: 'smell', values: ['Roses'] }] }, () => false],
    [
      'everything at once',
      {
        category: 'clothing',
        minPrice: '20',
        maxPrice: '150',
        availableForSale: true,
        attributes: [{ name: 'size', values: ['M'] }],
      },
      (product) =>
        inside('Clothing')(product) &&
        priced(2_000, 15_000)(product) &&
        sellable(product) &&
        tagged('size', ['M'])(product),
    ],
  ])('%s', async (_, filter, matches) => {
    const expected = demo.filter(matches).map(idOf).sort();
    expect(await ids({ filter })).toEqual(expected);
    expect((await list({ filter, first: 1 }, 'totalCount')).totalCount).toBe(expected.length);
  });

  test('a category lists its own, and the filter narrows it', async () => {
    const query = `query ($filter: ProductFilter) { category(slug: "kitchen") { products(first: 100, filter: $filter) { nodes { id } totalCount } } }`;
    const ask = async (filter: object) =>
      (await read<{ category: { products: List } }>(shop, query, { filter })).category.products;
    const kitchen = await ask({});
    expect(kitchen.nodes.map(({ id }) => id).sort()).toEqual(demo.filter(inside('Kitchen')).map(idOf).sort());
    expect((await ask({ category: 'mugs' })).totalCount).toBe(demo.filter(inside('Mugs')).length);
    expect((await ask({ category: 'shoes' })).totalCount).toBe(0);
  });

  describe('facets', () => {
    /** Counts of `products(filter)`, the filter on the facet's own attribute aside. */
    const oracle = (filters: { name: string; values: string[] }[], base: (product: DemoProduct) => boolean) => {
      const counts = new Map<string, Map<string, number>>();
      for (const product of demo.filter(base)) {
        for (const { name, value } of product.attributes) {
          const others = filters.filter((filter) => filter.name !== name);
          if (!others.every((filter) => tagged(filter.name, filter.values)(product))) continue;
          const values = counts.get(name) ?? new Map<string, number>();
          values.set(value, (values.get(value) ?? 0) + 1);
          counts.set(name, values);
        }
      }
      return Object.fromEntries([...counts].map(([name, values]) => [name, Object.fromEntries(values)]));
    };
    const facetsOf = async (variables: object) => {
      const { facets } = await list({ ...variables, first: 1 }, 'facets { name values { value label count } }');
      for (const { values } of facets) {
        expect(values.map(({ count }) => count)).toEqual(values.map(({ count }) => count).sort((a, b) => b - a));
        expect(values.every(({ value, label }) => value === label)).toBe(true);
      }
      return Object.fromEntries(
        facets.map(({ name, values }) => [name, Object.fromEntries(values.map(({ value, count }) => [value, count]))]),
      );
    };

    test('without a filter: all products', async () => {
      const counted = await facetsOf({});
      expect(counted).toEqual(oracle([], () => true));
      expect(Object.keys(counted).sort()).toEqual(['brand', 'colour', 'material', 'size', 'style']);
    });

    test.each([
      [[{ name: 'material', values: ['Linen', 'Oak'] }]],
      [
        [
          { name: 'brand', values: ['Kestrel', 'Tern'] },
          { name: 'colour', values: ['Blue'] },
        ],
      ],
      [
        [
          { name: 'brand', values: ['Kestrel'] },
          { name: 'colour', values: ['Blue'] },
          { name: 'size', values: ['M', 'L'] },
        ],
      ],
      [[{ name: 'smell', values: ['Roses'] }]],
    ])('filtered by %j', async (attributes) => {
      expect(await facetsOf({ filter: { attributes } })).toEqual(oracle(attributes, () => true));
    });

    test('with query and category as well', async () => {
      const attributes = [{ name: 'material', values: ['Linen'] }];
      const filter = { category: 'clothing', attributes };
      const base = (product: DemoProduct) => inside('Clothing')(product) && / (Shirt|T-Shirt)$/.test(product.name);
      const matching = demo.filter(base);
      expect(matching.length).toBeGreaterThan(3);
      const counted = await facetsOf({ query: 'shirt', filter: { category: 'clothing' } });
      // Those on the shelf "Shirts" are found by its name too.
      const found = new Set((await all({ query: 'shirt', filter: { category: 'clothing' } })).map(({ id }) => id));
      expect(matching.every((product) => found.has(idOf(product)))).toBe(true);
      expect(counted).toEqual(oracle([], (product) => found.has(idOf(product))));
      expect(await facetsOf({ query: 'shirt', filter })).toEqual(
        oracle(attributes, (product) => found.has(idOf(product))),
      );
    });
  });

  test('a price between those of two variants does not match', async () => {
    const { id } = await makeProduct(shop, { name: 'Gap', onHand: [1, 1], prices: ['90001.00', '90009.00'] });
    const found = async (minPrice: string, maxPrice: string) =>
      (await all({ filter: { minPrice, maxPrice } })).map((node) => node.id);
    expect(await found('90002', '90008')).toEqual([]);
    expect(await found('90000', '90001.00')).toEqual([id]);
    expect(await found('90009', '90010')).toEqual([id]);
    await mutate(shop, 'archiveProduct', { productId: id }, 'product { id }');
  });
});

describe('search', () => {
  const names = async (query: string, sort?: string): Promise<string[]> =>
    (await all({ query, sort })).map(({ name }) => name);
  const suggest = async (query: string, first?: number): Promise<string[]> =>
    (await read<{ searchSuggestions: string[] }>(
      shop, 'query ($query: String!, $first: Int) { searchSuggestions(query: $query, first: $first) }', { query, first },
    )).searchSuggestions; // prettier-ignore

  test.each([
    ['lamp', 'lamps'],
    ['Lamps', 'LAMP'],
    ['bottle', 'bottles'],
    ['running shoe', 'run shoes'],
  ])('"%s" and "%s" find the same', async (one, other) => {
    const found = await names(one, 'NAME_ASC');
    expect(found.length).toBeGreaterThan(0);
    expect(await names(other, 'NAME_ASC')).toEqual(found);
  });

  test('all words must be there; the last may be half typed, also where it has no English stem yet', async () => {
    const found = await names('linen shi');
    expect(found.length).toBeGreaterThan(0);
    expect(await names('runni')).toEqual(
      expect.arrayContaining(demo.filter(({ name }) => name.endsWith('Running Shoes')).map(({ name }) => name)),
    );
    expect(await names('linen zzz')).toEqual([]);
  });

  test('finds by article number, category, description and without accents; the name counts most', async () => {
    const sku = demo[7]!.variants[0]!.sku;
    expect(await names(sku)).toEqual([demo[7]!.name]);
    const described = await makeProduct(shop, { name: 'Zquiet Thing', description: 'Goes with a zlampion.' });
    const named = await makeProduct(shop, { name: 'Zlampion Crème brûlée' });
    expect((await all({ query: 'zlampions' })).map(({ id }) => id)).toEqual([named.id, described.id]);
    expect((await all({ query: 'creme BRULEE' })).map(({ id }) => id)).toEqual([named.id]);
    expect(await suggest('zlamp')).toEqual(['Zlampion Crème brûlée']);
    for (const { id } of [described, named]) await mutate(shop, 'archiveProduct', { productId: id }, 'product { id }');
    expect(await names('zlampions')).toEqual([]);
    expect(await suggest('zlamp')).toEqual([]);
  });

  test('suggests names, each once, as many as asked for', async () => {
    const found = await suggest('kes');
    expect(found).toHaveLength(10);
    expect(found.every((name) => name.startsWith('Kestrel'))).toBe(true);
    expect(new Set(found).size).toBe(10);
    expect(await suggest('kestrel', 3)).toEqual(found.slice(0, 3));
    expect(await suggest('')).toEqual([]);
    expect(await suggest('!?')).toEqual([]);
  });

  test('a blank query is none; one without letters and digits finds nothing', async () => {
    expect((await list({ query: '  ' }, 'totalCount')).totalCount).toBe(COUNT);
    expect(await list({ query: '!!!' }, 'totalCount facets { name }')).toEqual({ totalCount: 0, facets: [] });
  });

  const ODD = [
    "'", '"', '\\', '&', '|', '!', '<->', '(', ')', ':*', "'':*", "'a' & !b:* | (c", "a'b\\'c", '--', '/* x */', ';DROP TABLE product', '%', '_', '$1',
    'the', 'the and of', 'a', '🦄', '🦄 lamp', '日本語', 'ﷺ'.repeat(200), 'x'.repeat(200), 'a '.repeat(100), '\u0000', 'la\u0000mp', '\ud800', '\ud800lamp', '٣', '½ ① Ⅷ ²',
    'http://example.com/a?b=c', 'a@b.example', '1e5', '-5', '3.14', '12:30', 'wi-fi', 'C++', 'null', '\u202e', 'İ', 'ß', '\n\t',
  ]; // prettier-ignore
  test.each(ODD)('nothing one can type is an error: %j', async (query) => {
    for (const sort of [undefined, 'NAME_ASC']) {
      const page = await list({ query, sort, first: 1 }, 'nodes { id } totalCount facets { name }');
      expect(page.totalCount).toBeGreaterThanOrEqual(page.nodes.length);
    }
    expect(Array.isArray(await suggest(query))).toBe(true);
  });
});

describe('refusals', () => {
  const tooMany = Array.from({ length: 11 }, (_, n) => ({ name: `a${n}`, values: ['x'] }));
  test.each<[object, string[]]>([
    [{ query: 'x'.repeat(201) }, ['query']],
    [{ filter: { minPrice: '-1' } }, ['filter', 'minPrice']],
    [{ filter: { minPrice: '1e3' } }, ['filter', 'minPrice']],
    [{ filter: { minPrice: '' } }, ['filter', 'minPrice']],
    [{ filter: { maxPrice: '1.999' } }, ['filter', 'maxPrice']],
    [{ filter: { maxPrice: '99999999999999' } }, ['filter', 'maxPrice']],
    [{ filter: { maxPrice: 'ten' } }, ['filter', 'maxPrice']],
    [{ filter: { category: '' } }, ['filter', 'category']],
    [{ filter: { category: 'x'.repeat(201) } }, ['filter', 'category']],
    [{ filter: { attributes: tooMany } }, ['filter', 'attributes']],
    [{ filter: { attributes: [{ name: '', values: ['x'] }] } }, ['filter', 'attributes', '0', 'name']],
    [{ filter: { attributes: [{ name: 'x', values: [] }] } }, ['filter', 'attributes', '0', 'values']],
    [{ filter: { attributes: [{ name: 'x', values: Array(51).fill('y') }] } }, ['filter', 'attributes', '0', 'values']],
    [
      { filter: { attributes: [{ name: 'x', values: ['y'.repeat(201)] }] } },
      ['filter', 'attributes', '0', 'values', '0'],
    ],
    [{ first: 0 }, ['first']],
    [{ first: -1 }, ['first']],
    [{ first: 101 }, ['first']],
    [{ last: 0 }, ['last']],
    [{ first: 1, last: 1 }, ['last']],
    [{ after: '' }, ['after']],
    [{ after: 'nonsense' }, ['after']],
    [{ before: '🦄' }, ['before']],
  ])('%j is a VALIDATION_ERROR that names the field and repeats nothing', async (variables, field) => {
    const refusal = await refused(shop, listQuery('nodes { id }'), variables as Record<string, unknown>);
    expect(refusal).toMatchObject({ code: 'VALIDATION_ERROR', field });
    expect(refusal.message).not.toMatch(/nonsense|🦄|ten\b|1e3|yyyy|xxxx/);
  });

  test('a cursor of another sort, filter or list, or a forged one', async () => {
    const cursor = (await list({ sort: 'PRICE_ASC' }, 'pageInfo { endCursor }')).pageInfo.endCursor!;
    const [scope] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [string];
    const forge = (...key: unknown[]) => Buffer.from(JSON.stringify([scope, ...key])).toString('base64url');
    const id = demo[0]!.id;
    for (const variables of [
      { sort: 'PRICE_DESC', after: cursor },
      { sort: 'PRICE_ASC', filter: { category: 'mugs' }, after: cursor },
      { sort: 'PRICE_ASC', query: 'lamp', after: cursor },
      ...[['x', id], ['1', 'x'], ['1'], ['9'.repeat(30), id], [null, id], ['1', id, '1'], ['0', id]].map((key) => ({
        sort: 'PRICE_ASC', after: forge(...key),
      })),
    ]) {
      const refusal = await refused(shop, listQuery('nodes { id }'), variables);
      expect(refusal).toMatchObject({ code: 'VALIDATION_ERROR', field: ['after'] });
    }
  }); // prettier-ignore

  test.each([0, -1, 101])('suggestions: first %d', async (first) => {
    const refusal = await refused(shop, `{ searchSuggestions(query: "a", first: ${first}) }`);
    expect(refusal).toMatchObject({ code: 'VALIDATION_ERROR', field: ['first'] });
  });

  test('suggestions: a query of 201 characters', async () => {
    const refusal = await refused(shop, `{ searchSuggestions(query: "${'a'.repeat(201)}") }`);
    expect(refusal).toMatchObject({ code: 'VALIDATION_ERROR', field: ['query'] });
  });
});

describe('statements', () => {
  const CARD = 'nodes { id name priceRange { min { amount } max { amount } } images { url } availableForSale }';
  const WITH_VARIANTS = `nodes { id name images { url } category { name parent { name } } variants { price { amount } image { url } availableForSale product { name } } }`;

  test('a page of 24 with price, image and availability: one; with variants two; with total and facets four', async () => {
    await read(shop, '{ categories { id } }');
    for (const first of [1, 24, 100]) {
      expect(await statementsOf(() => list({ first }, CARD))).toBe(1);
      expect(await statementsOf(() => list({ first }, WITH_VARIANTS))).toBe(2);
      expect(await statementsOf(() => list({ first }, `${CARD} totalCount facets { name values { count } }`))).toBe(3);
      expect(
        await statementsOf(() =>
          list({ first, query: 'linen' }, `${CARD} nodes { variants { sku } } totalCount facets { name }`),
        ),
      ).toBe(4);
    }
  });

  test('categories: none once the tree is known', async () => {
    const tree =
      '{ categories { name children { name parent { slug } } } category(slug: "mugs") { id parent { name } } }';
    await read(shop, tree);
    expect(await statementsOf(() => read(shop, tree))).toBe(0);
  });
});

describe('the demonstration shop', () => {
  test('has its categories, prices, pictures and stable ids', async () => {
    const product = demo[41]!;
    const query = `query ($id: ID!) { product(id: $id) { slug description attributes { name value } category { name parent { name } }
      images { url altText width height } variants { sku name options { name value } price { amount currencyCode } compareAtPrice { amount } } } }`;
    const data = await read<{ product: Record<string, unknown> }>(shop, query, { id: idOf(product) });
    const dollars = (minor: number) => `${Math.floor(minor / 100)}.${String(minor % 100).padStart(2, '0')}`;
    expect(data.product).toEqual({
      slug: product.slug,
      description: product.description,
      attributes: product.attributes,
      category: { name: product.categories[0], parent: { name: product.categories[1] } },
      images: product.images.map(({ path, altText, width, height }) => ({
        url: `http://127.0.0.1:4000${path}`,
        altText,
        width,
        height,
      })),
      variants: product.variants.map(({ sku, name, options, amount, compareAt }) => ({
        sku,
        name,
        options,
        price: { amount: dollars(amount), currencyCode: 'USD' },
        compareAtPrice: compareAt === null ? null : { amount: dollars(compareAt) },
      })),
    });
    const rows = await shop.services.db.rows('SELECT 1 FROM category');
    expect(rows).toHaveLength(DEMO_CATEGORIES.length);
  });

  test('seeding again changes nothing; seeding more goes on where it stopped', async () => {
    const counts = () =>
      shop.services.db.rows(
        `SELECT (SELECT count(*)::int FROM product WHERE archived_at IS NULL) AS products, (SELECT count(*)::int FROM variant) AS variants,
                (SELECT count(*)::int FROM stock_movement) AS movements, (SELECT sum(version)::int FROM product) AS versions`,
      );
    const before = await counts();
    const told: number[] = [];
    expect(await seedCatalog(shop.services, { products: COUNT, onProgress: (done) => told.push(done) })).toBe(COUNT);
    expect(told).toEqual([COUNT]);
    expect(await counts()).toEqual(before);
    await Promise.all([1, 2].map(() => seedCatalog(shop.services, { products: 1_100 })));
    expect(await counts()).toMatchObject([{ products: 1_100 }]);
    const [last] = await shop.services.db.rows<{ id: string }>('SELECT id FROM product WHERE slug = $1', [
      demoProduct(1_099).slug,
    ]);
    expect(last?.id).toBe(demoProduct(1_099).id);
  });
});
