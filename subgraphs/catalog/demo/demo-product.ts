/** Makes the products of the demonstration shop: the same number always gives the same product. */
import { createHash } from 'node:crypto';
import { seededRandom } from '../../../platform/random';
import { demoPicturePath } from '../demo-picture';
import type { NamedValue, StoredImage } from '../product.entity';
import { slugify } from '../product.rules';
import {
  DEMO_BRANDS,
  DEMO_COLOURS,
  DEMO_DEPARTMENTS,
  DEMO_SHELVES,
  DEMO_SIZES,
  DEMO_STYLES,
  type DemoShelf,
} from './demo-shelves';

/** When the shop opened; products arrived every half minute from then on. */
const OPENED = Date.UTC(2025, 0, 1);
const EVERY_MS = 30_000;

/** A variant before it is stored. */
export interface DemoVariant {
  id: string;
  sku: string;
  name: string;
  options: NamedValue[];
  image: StoredImage;
  /** Minor units. */
  amount: number;
  compareAt: number | null;
  onHand: number;
}

/** A product before it is stored. */
export interface DemoProduct {
  id: string;
  slug: string;
  name: string;
  description: string;
  categoryId: string;
  /** Names of its category and those above. */
  categories: string[];
  attributes: NamedValue[];
  images: StoredImage[];
  variants: DemoVariant[];
  createdAt: Date;
}

/** A category before it is stored; parents come first. */
export interface DemoCategory {
  id: string;
  slug: string;
  name: string;
  parentId: string | null;
}

/** Uuid (version 7) of the n-th thing of a kind: the time says when it came, the rest is a digest instead of chance. */
export function demoUuid(kind: string, index: number, ms: number): string {
  const time = ms.toString(16).padStart(12, '0');
  const hash = createHash('sha256').update(`${kind}:${index}`).digest('hex');
  const variant = ((parseInt(hash.slice(3, 4), 16) & 3) | 8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hash.slice(0, 3)}-${variant}${hash.slice(4, 7)}-${hash.slice(7, 19)}`;
}

/** Uuid of the n-th product. */
export function demoProductId(index: number): string {
  return demoUuid('product', index, OPENED + index * EVERY_MS);
}

/** The category tree. */
export const DEMO_CATEGORIES: readonly DemoCategory[] = [
  ...DEMO_DEPARTMENTS.map((name) => category(name, null)),
  ...DEMO_SHELVES.map((shelf) => category(shelf.name, categoryId(shelf.department))),
];

function category(name: string, parentId: string | null): DemoCategory {
  return { id: categoryId(name), slug: slugify(name), name, parentId };
}

function categoryId(name: string): string {
  return demoUuid(`category ${name}`, 0, OPENED);
}

/** The n-th product, from 0. */
export function demoProduct(index: number): DemoProduct {
  const roll = seededRandom(index);
  const below = (count: number): number => Math.floor(roll() * count);
  const pick = <T>(list: readonly [T, ...T[]] | readonly T[]): T => list[below(list.length)] as T; // lists here are not empty
  // In turn, so that every shelf has something however small the shop.
  const shelf = DEMO_SHELVES[index % DEMO_SHELVES.length] as DemoShelf; // the remainder is below the length
  const brand = pick(DEMO_BRANDS);
  const material = pick(shelf.materials);
  const noun = pick(shelf.nouns);
  const [style, praise] = pick(DEMO_STYLES);
  const firstColour = below(DEMO_COLOURS.length);
  const colours = Array.from({ length: 1 + below(3) }, (_, n) => DEMO_COLOURS[(firstColour + n * 3) % DEMO_COLOURS.length] as readonly [string, number]); // prettier-ignore
  const sizes = DEMO_SIZES[shelf.sizes];
  const name = `${brand} ${style} ${material} ${noun}`;
  const image = (hue: number, colour: string): StoredImage => ({
    path: demoPicturePath(hue, shelf.shape, index % 1_000),
    altText: `${name} in ${colour}`,
    width: 600,
    height: 600,
  });
  const [cheapest, dearest] = shelf.price;
  // 29.99 rather than 29.37; squared, because a shop has more cheap things than dear ones.
  const price = Math.round(cheapest + roll() ** 2 * (dearest - cheapest)) * 100 - 1;
  const reduced = below(5) === 0;
  const createdMs = OPENED + index * EVERY_MS;
  const combinations = colours.flatMap(([colour, hue]) =>
    (sizes.length > 0 ? sizes : [null]).map((size) => ({ colour, hue, size })),
  );
  const variants = combinations.slice(0, 6).map(({ colour, hue, size }, n): DemoVariant => {
    const amount = price + (size === 'Large' || size === 'XL' ? 500 : 0);
    return {
      id: demoUuid('variant', index * 10 + n, createdMs),
      sku: `${brand.slice(0, 3).toUpperCase()}-${String(index + 1).padStart(6, '0')}-${n + 1}`,
      name: size === null ? colour : `${colour} / ${size}`,
      options: [{ name: 'Colour', value: colour }, ...(size === null ? [] : [{ name: 'Size', value: size }])],
      image: image(hue, colour),
      amount,
      compareAt: reduced ? amount + Math.ceil(amount / 500) * 100 : null,
      onHand: below(20) === 0 ? 0 : 5 + below(196),
    };
  });
  const used = (option: string): NamedValue[] => {
    const values = variants.flatMap(({ options }) => options).filter((one) => one.name === option);
    return [...new Set(values.map(({ value }) => value))].map((value) => ({ name: option.toLowerCase(), value }));
  };
  return {
    id: demoProductId(index),
    slug: `${slugify(name)}-${index + 1}`,
    name,
    description: `${praise}: ${article(noun)} of ${material.toLowerCase()} by ${brand}. From our ${shelf.department.toLowerCase()} shelves, checked by hand before it is sent.`,
    categoryId: categoryId(shelf.name),
    categories: [shelf.name, shelf.department],
    attributes: [
      { name: 'brand', value: brand },
      { name: 'material', value: material },
      { name: 'style', value: style },
      ...used('Colour'),
      ...used('Size'),
    ],
    images: colours.map(([colour, hue]) => image(hue, colour)),
    variants,
    createdAt: new Date(createdMs),
  };
}

function article(noun: string): string {
  const plural = noun.endsWith('s') && !noun.endsWith('ss');
  if (plural) return noun.toLowerCase();
  return `${/^[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun.toLowerCase()}`;
}
