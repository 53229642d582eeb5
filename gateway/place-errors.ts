/** Puts the errors of an answer at the places that are empty in it, once each. */
import type { GraphQLFormattedError } from 'graphql';

/** Errors in an answer, at most: a page of a hundred products needs no five hundred. */
const MOST_ERRORS = 100;

/** What a fetch fails with as a whole: its errors were put at every field it was asked for (missing-paths.ts). */
const OF_FETCHES: ReadonlySet<unknown> = new Set(['SERVICE_UNAVAILABLE', 'INTERNAL_ERROR']);

/**
 * `data` is the answer's. The path of an outage that goes through a null ends there; any other error stays at the field
 * that caused it, even if that field could not be null and took its parent along. Where all of `data` is null, the root field
 * is as far up as a path goes. The order stays.
 */
export function placeErrors<E extends GraphQLFormattedError>(data: unknown, errors: readonly E[]): E[] {
  const placed = new Map<string, E>();
  for (const error of errors) {
    const ofFetch = OF_FETCHES.has(error.extensions?.['code']);
    const path = ofFetch ? error.path && upToNull(data, error.path) : error.path;
    const key = JSON.stringify([
      path,
      error.message,
      error.extensions?.['code'],
      error.extensions?.['details'],
      error.locations,
    ]);
    if (!placed.has(key)) placed.set(key, path ? { ...error, path } : error);
    if (placed.size === MOST_ERRORS) break;
  }
  return [...placed.values()];
}

function upToNull(data: unknown, path: readonly (string | number)[]): readonly (string | number)[] {
  let value: unknown = data;
  for (const [index, key] of path.entries()) {
    if (value === null || value === undefined) return path.slice(0, Math.max(index, 1));
    value = typeof value === 'object' ? Reflect.get(value, key) : undefined;
    if (value === null) return path.slice(0, index + 1);
  }
  return path;
}
