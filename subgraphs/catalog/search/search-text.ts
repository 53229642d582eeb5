/**
 * Words as the search knows them: letters and digits, without accents and case. Both what is indexed and what is asked goes
 * through here, so "Café-Crème" is found by "cafe creme", and nothing a user types can be an operator of PostgreSQL's.
 */

/** Longest word; PostgreSQL refuses those above 2 kB, and some characters decompose into many. */
const MAX_WORD = 100;
/** Words of a query that count; the rest is ignored. */
const MAX_QUERY_WORDS = 24;

/** Words of a text, in their order. */
export function wordsOf(text: string): string[] {
  const plain = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return (plain.match(/[\p{L}\p{N}]+/gu) ?? []).map((word) => Array.from(word).slice(0, MAX_WORD).join(''));
}

/** Words of a search query, at most 24. Empty: nothing in it can be found. */
export function queryWords(query: string): string[] {
  return wordsOf(query).slice(0, MAX_QUERY_WORDS);
}

/**
 * A to_tsquery text that wants all words, the last one also as the beginning of a longer one. `weight` limits the
 * search to a part of the product (A is its name).
 */
export function tsQueryText(words: readonly string[], weight = ''): string {
  return words
    .map((word, index) => {
      const flags = (index === words.length - 1 ? '*' : '') + weight;
      return `'${word}'${flags && `:${flags}`}`;
    })
    .join(' & ');
}

/**
 * SQL of the query for the parameter (`$1`) that holds such a text. English finds plurals and forms ("runs" by "running");
 * the second half finds half-typed words, which have no English stem yet ("runni"), and names made of stop words.
 */
export function tsQuerySql(parameter: string): string {
  return `(to_tsquery('english', ${parameter}) || to_tsquery('simple', ${parameter}))`;
}

/** What of a product is searched. */
export interface SearchSource {
  name: string;
  description: string | null;
  attributes: readonly { value: string }[];
  /** The category and those above it. */
  categories: readonly string[];
  skus: readonly string[];
}

/** The texts of the three weights: A name; B attributes, categories, article numbers; C description. */
export function searchTexts(source: SearchSource): [a: string, b: string, c: string] {
  const b = [...source.attributes.map(({ value }) => value), ...source.categories, ...source.skus];
  return [wordsOf(source.name), wordsOf(b.join(' ')), wordsOf(source.description ?? '')].map((words) =>
    words.join(' '),
  ) as [string, string, string]; // three in, three out
}

/** SQL of the search vector for expressions that hold those texts. */
export function searchVectorSql(a: string, b: string, c: string): string {
  return `setweight(to_tsvector('english', ${a}) || to_tsvector('simple', ${a}), 'A')
    || setweight(to_tsvector('english', ${b}) || to_tsvector('simple', ${b}), 'B')
    || setweight(to_tsvector('english', ${c}), 'C')`;
}
