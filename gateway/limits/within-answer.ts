/** Refusals are short: many errors to a short request would make the gateway a loudspeaker. */

/** Characters of the errors of a refused operation together, about; the first is always said. */
const LONGEST = 900;

/** The first of the errors, as many as a short answer holds. */
export function withinAnswer<E extends object>(errors: readonly E[]): E[] {
  let length = 0;
  return errors.filter((error, index) => {
    length += JSON.stringify(error).length;
    return index === 0 || length <= LONGEST;
  });
}
