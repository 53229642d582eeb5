/** The sizes operations may have. Looked at before validation, some rules of which take the square of an operation's size. */
import type { DocumentNode } from 'graphql';
import { atMost } from './check-text';
import { DEEPEST, sizeOf, type Size } from './operation-size';

/** What one operation may ask of the shop. */
const GRAPH: Size = { depth: 15, nesting: 45, fields: 1_000, aliases: 50 };
/** What it may ask of the schema. The tools' own query is 13 deep and as `ofType` goes 20; nobody needs many aliases. */
const INTROSPECTION: Size = { depth: 30, nesting: 60, fields: 1_000, aliases: 10 };
const MOST_ROOT_FIELDS = 20;
const MOST_DIRECTIVES = 5;
/** In all operations and fragments of a document together, as they are written. */
const MOST_SELECTIONS = 2_000;
/** Of all operations together: thousands take validation longer than anything else as large. */
const MOST_VARIABLES = 200;

/**
 * Mutations that check or make a password, a token or an account. A document may have one of them, whatever it is called
 * there and however many operations there are: else one request would be many attempts.
 */
const AUTHENTICATION: ReadonlySet<string> = new Set([
  'login', 'register', 'refreshSession', 'verifyEmail', 'requestPasswordReset', 'resetPassword', 'changePassword',
  'requestEmailChange', 'changeEmail', 'confirmEmailChange', 'deleteAccount',
]); // prettier-ignore

const WORDS: Record<keyof Size, string> = {
  depth: 'levels of fields',
  nesting: 'levels of braces',
  fields: 'fields',
  aliases: 'aliases',
};

/** Throws Fault INVALID_REQUEST, with limit and maximum in its details. A document with cycles passes: validation refuses it. */
export function checkSize(document: DocumentNode): void {
  const { operations, selections, directives, variables, levels, cyclic } = sizeOf(document);
  atMost('nesting', 'levels of braces and fragments', levels, DEEPEST);
  atMost('selections', 'selections in all', selections, MOST_SELECTIONS);
  atMost('directives', 'directives at one place', directives, MOST_DIRECTIVES);
  atMost('variables', 'variables in all', variables, MOST_VARIABLES);
  if (cyclic) return;
  let authentications = 0;
  for (const { graph, introspection, rootFields, mutations } of operations) {
    atMost('rootFields', 'root fields', rootFields, MOST_ROOT_FIELDS);
    for (const key of ['depth', 'fields', 'aliases', 'nesting'] as const) {
      atMost(key, WORDS[key], graph[key], GRAPH[key]);
      atMost(key, `${WORDS[key]} of introspection`, introspection[key], INTROSPECTION[key]);
    }
    for (const [name, count] of mutations) if (AUTHENTICATION.has(name)) authentications += count;
  }
  atMost('authentications', 'mutation about a session or password', authentications, 1);
}
