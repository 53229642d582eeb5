/** Pure rules of the catalog. */
import fc from 'fast-check';
import { CategoryTree, type CategoryNode } from '../../subgraphs/catalog/category-tree';
import { demoPicture, demoPicturePath } from '../../subgraphs/catalog/demo-picture';
import { demoProduct, demoProductId } from '../../subgraphs/catalog/demo/demo-product';
import { isSlug, nameKey, partsOfTag, slugify, tagOf, tagsOf } from '../../subgraphs/catalog/product.rules';
import { facetsOf } from '../../subgraphs/catalog/search/facets';
import { queryWords, searchTexts, tsQueryText, wordsOf } from '../../subgraphs/catalog/search/search-text';

describe('words', () => {
  test.each([
    ['Café-Crème', ['cafe', 'creme']],
    ['WH-1000XM5 (black)', ['wh', '1000xm5', 'black']],
    ["rock'n'roll", ['rock', 'n', 'roll']],
    ['🦄 & | ! <-> :*', []],
    ['', []],
  ])('%j', (text, words) => expect(wordsOf(text)).toEqual(words));

  test('whatever is typed, the query is made of quoted words and its own operators', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (typed) => {
        const words = queryWords(typed);
        expect(words.length).toBeLessThanOrEqual(24);
        expect(words.every((word) => /^[\p{L}\p{N}]+$/u.test(word) && Array.from(word).length <= 100)).toBe(true);
        if (words.length > 0) expect(tsQueryText(words)).toMatch(/^('[\p{L}\p{N}]+' & )*'[\p{L}\p{N}]+':\*$/u);
      }),
    );
  });

  test('the last word is a beginning; a weight goes to every word', () => {
    expect(tsQueryText(['red', 'shi'])).toBe("'red' & 'shi':*");
    expect(tsQueryText(['red', 'shi'], 'A')).toBe("'red':A & 'shi':*A");
  });

  test('what is searched of a product', () => {
    const source = {
      name: 'Café Cup',
      description: null,
      attributes: [{ value: 'Bone China' }],
      categories: ['Mugs'],
      skus: ['A-1'],
    };
    expect(searchTexts(source)).toEqual(['cafe cup', 'bone china mugs a 1', '']);
  });
});

describe('slugs, keys and tags', () => {
  test.each([
    ['Red Shirt', 'red-shirt'],
    ['  Crème  brûlée! ', 'creme-brulee'],
    ['日本', ''],
    ['x'.repeat(300), 'x'.repeat(100)],
  ])('slug of %j', (name, slug) => expect(slugify(name)).toBe(slug));

  test('a slug made from anything is empty or a slug', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (name) => slugify(name) === '' || isSlug(slugify(name))));
  });

  test.each(['', '-a', 'a-', 'a--b', 'A', 'a b', 'ä', 'a\u0000', 'x'.repeat(201)])('%j is no slug', (text) =>
    expect(isSlug(text)).toBe(false),
  );

  test('names sort without case, accents and punctuation', () => {
    expect(['b', 'Éa', '"a"', 'a-b', 'Z'].sort((a, b) => (nameKey(a) < nameKey(b) ? -1 : 1))).toEqual([
      '"a"',
      'a-b',
      'b',
      'Éa',
      'Z',
    ]);
  });

  test('tags come back as they went in, each once', () => {
    expect(partsOfTag(tagOf('a:b', 'c/d'))).toEqual({ name: 'a:b', value: 'c/d' });
    expect(
      tagsOf([
        { name: 'a', value: 'b' },
        { name: 'a', value: 'c' },
        { name: 'a', value: 'b' },
      ]),
    ).toHaveLength(2);
  });
});

test('facets: most frequent first, equals by name, at most 20 with 50 values', () => {
  const rows = [
    { tag: tagOf('size', 'M'), count: 2 },
    { tag: tagOf('colour', 'Red'), count: 1 },
    { tag: tagOf('colour', 'Blue'), count: 1 },
    { tag: tagOf('colour', 'Green'), count: 3 },
  ];
  expect(facetsOf(rows)).toEqual([
    {
      name: 'colour',
      values: [
        { value: 'Green', label: 'Green', count: 3 },
        { value: 'Blue', label: 'Blue', count: 1 },
        { value: 'Red', label: 'Red', count: 1 },
      ],
    },
    { name: 'size', values: [{ value: 'M', label: 'M', count: 2 }] },
  ]);
  const many = Array.from({ length: 30 * 60 }, (_, n) => ({ tag: tagOf(`n${n % 30}`, `v${n}`), count: 1 }));
  const facets = facetsOf(many);
  expect(facets).toHaveLength(20);
  expect(facets.every(({ values }) => values.length === 50)).toBe(true);
});

test('the category tree', () => {
  const node = (id: string, parentId: string | null): CategoryNode => ({ id, slug: `s-${id}`, name: id, parentId });
  const tree = new CategoryTree([node('a', null), node('b', 'a'), node('c', 'b'), node('d', 'a'), node('e', null)]);
  expect(tree.size).toBe(5);
  expect(tree.children(null).map(({ id }) => id)).toEqual(['a', 'e']);
  expect(tree.withDescendants('a')).toEqual(['a', 'b', 'c', 'd']);
  expect(tree.withDescendants('e')).toEqual(['e']);
  expect(tree.find('c')?.parentId).toBe('b');
  expect(tree.findSlug('s-d')?.id).toBe('d');
  expect([tree.find('x'), tree.findSlug('x')]).toEqual([null, null]);
});

describe('the demonstration shop', () => {
  test('the same number is the same product; ids follow the numbers', () => {
    expect(demoProduct(17)).toEqual(demoProduct(17));
    const ids = Array.from({ length: 500 }, (_, n) => demoProductId(n));
    expect([...ids].sort()).toEqual(ids);
    expect(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(
      true,
    );
    // Examples in the documentation rely on it.
    expect(demoProduct(0).id).toBe(demoProductId(0));
  });

  test('products are plausible: 1 to 6 variants, unique numbers and slugs, priced, pictured', () => {
    const products = Array.from({ length: 1_000 }, (_, n) => demoProduct(n));
    const variants = products.flatMap((product) => product.variants);
    expect(new Set(variants.map(({ sku }) => sku)).size).toBe(variants.length);
    expect(new Set(variants.map(({ id }) => id)).size).toBe(variants.length);
    expect(new Set(products.map(({ slug }) => slug)).size).toBe(1_000);
    for (const product of products) {
      expect(product.variants.length).toBeGreaterThanOrEqual(1);
      expect(product.variants.length).toBeLessThanOrEqual(6);
      expect(isSlug(product.slug)).toBe(true);
      for (const { amount, onHand, image } of product.variants) {
        expect(amount).toBeGreaterThan(0);
        expect(onHand).toBeGreaterThanOrEqual(0);
        expect(demoPicture(image.path.replace('/images/demo/', ''))).toMatch(/^<svg .*<\/svg>$/);
      }
    }
  });

  test('pictures: drawn from the name alone; other names have none', () => {
    expect(demoPicturePath(212, 'cup', 3)).toBe('/images/demo/212-cup-3.svg');
    expect(demoPicture('212-cup-3.svg')).toBe(demoPicture('212-cup-3.svg'));
    expect(demoPicture('212-cup-3.svg')).not.toBe(demoPicture('30-cup-3.svg'));
    expect(demoPicture('212-cup-3.svg')).not.toBe(demoPicture('212-cup-4.svg'));
    for (const name of [
      '',
      '212-cup-3.png',
      '360-cup-3.svg',
      '1-constructor-1.svg',
      '1-cup-3.svg"><script>',
      '../1-cup-3.svg',
      '1-cup-9999999.svg',
    ]) {
      expect(demoPicture(name)).toBeNull();
    }
  });
});
