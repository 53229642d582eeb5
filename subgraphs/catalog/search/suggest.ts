/** Suggestions while somebody types. */
import { z } from 'zod';
import { validateArguments, wholeNumber } from '../../../platform/graph/validate';
import type { Services } from '../../../platform/subgraph';
import { searchQueryText } from './criteria';
import { queryWords, tsQueryText } from './search-text';

/** Best-selling matches that are looked through for different names. */
const CANDIDATES = 300;
const DEFAULT_FIRST = 10;

const suggestArguments = z.object({ query: searchQueryText, first: wholeNumber(1, 100).nullish() });

/** Names of products that begin as the query does, best-selling first, each once. Throws Fault VALIDATION_ERROR. */
export async function suggestSearches(
  services: Services,
  args: { query: string; first?: number | null },
): Promise<string[]> {
  const { query, first } = validateArguments(suggestArguments, args);
  const words = queryWords(query);
  if (words.length === 0) return [];
  const rows = await services.db.staleRows<{ name: string }>(
    `SELECT p.name FROM product p
     WHERE p.archived_at IS NULL AND p.search @@ to_tsquery('simple', $1)
     ORDER BY p.sold DESC, p.id DESC LIMIT ${CANDIDATES}`,
    [tsQueryText(words, 'A')],
  );
  return [...new Set(rows.map(({ name }) => name))].slice(0, first ?? DEFAULT_FIRST);
}
