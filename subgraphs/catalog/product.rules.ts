/** Pure rules of products: slugs, sort keys, tags, and what their inputs may hold. */
import { z } from 'zod';
import { text, wholeNumber } from '../../platform/graph/validate';
import type { NamedValue } from './product.entity';
import { wordsOf } from './search/search-text';

/** Stands between name and value in a tag; no attribute contains it, see {@link label}. */
const SEPARATOR = '\u001f';

/** Variants a product has at most. */
export const MAX_VARIANTS = 100;

/** A slug made from a name; "" if the name has no letter or digit of the Latin alphabet. */
export function slugify(name: string): string {
  return wordsOf(name)
    .map((word) => word.replace(/[^a-z0-9]/g, ''))
    .filter((word) => word !== '')
    .join('-')
    .slice(0, 100)
    .replace(/-+$/, '');
}

/** Whether a text could be a slug; also keeps what PostgreSQL cannot take out of look-ups. */
export function isSlug(value: string): boolean {
  return value.length <= 200 && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(value);
}

/** What NAME_ASC sorts by: without case, accents and punctuation. */
export function nameKey(name: string): string {
  return wordsOf(name).join(' ').slice(0, 200);
}

/** Tag of an attribute's value. */
export function tagOf(name: string, value: string): string {
  return name + SEPARATOR + value;
}

/** Name and value of a tag. */
export function partsOfTag(tag: string): NamedValue {
  const at = tag.indexOf(SEPARATOR);
  return { name: tag.slice(0, at), value: tag.slice(at + 1) };
}

/** Distinct tags of attributes. */
export function tagsOf(attributes: readonly NamedValue[]): string[] {
  return [...new Set(attributes.map(({ name, value }) => tagOf(name, value)))];
}

/**
 * A short text without control characters and halves of surrogate pairs: the first would break tags, and jsonb
 * refuses the second.
 */
export function label(max: number): z.ZodType<string> {
  return text(max).refine((value) => !/[\p{Cc}\p{Cs}]/u.test(value), 'Must not contain control characters.');
}

/** A slug from a client. */
export const slugText = text(200).refine(isSlug, 'Must be lower-case letters and digits, words joined by "-".');
/** An article number. */
export const skuText = label(100);
/** Units at the start. */
export const onHandNumber = wholeNumber(0, 1_000_000);

const namedValue = z.object({ name: label(200), value: label(200) });
/** Attributes of a product; a name may come several times, a pair counts once. */
export const attributeList = z.array(namedValue).max(50, 'Must have at most 50 entries.');
/** Options of a variant; a name comes once. */
export const optionList = z
  .array(namedValue)
  .max(10, 'Must have at most 10 entries.')
  .refine(
    (options) => new Set(options.map(({ name }) => name)).size === options.length,
    'Must not name an option twice.',
  );
