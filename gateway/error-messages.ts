/** graphql-js quotes the values it refuses; a message to a client must not (it ends up in logs and screenshots). */
import { GraphQLError, Kind } from 'graphql';
import type { ErrorCode } from '../platform/errors';

const VALUE_KINDS: ReadonlySet<string> = new Set([
  Kind.INT, Kind.FLOAT, Kind.STRING, Kind.BOOLEAN, Kind.NULL, Kind.ENUM, Kind.LIST, Kind.OBJECT,
]); // prettier-ignore

/** Beginnings of the messages about a literal that does not fit, each with the name of the type meant. */
const TYPE_IN_MESSAGE = [
  /^Expected value of type "([^"]+)"/,
  /^(Int|Float|String|Boolean|ID) cannot represent/,
  /^Enum "(\w+)" cannot represent/,
  /^Value "\w+" does not exist in "(\w+)" enum/,
];

/** Quotes the schema only, and says what is missing. */
const MISSING_FIELD = /^Field "\w+\.\w+" of required type "[^"]+" was not provided\.$/;

/** Message of an error of the document or the protocol, without the values in it. Names in the document stay. */
export function withoutValues(code: ErrorCode, error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  if (code === 'GRAPHQL_PARSE_FAILED') return parseMessage(message);
  const kind = error instanceof GraphQLError ? error.nodes?.[0]?.kind : undefined;
  if (kind === undefined || !VALUE_KINDS.has(kind) || MISSING_FIELD.test(message)) return message;
  const type = TYPE_IN_MESSAGE.map((pattern) => pattern.exec(message)?.[1]).find((name) => name !== undefined);
  return type === undefined ? 'A value has the wrong type.' : `A value has the wrong type: expected ${type}.`;
}

/** `… found String "secret".` becomes `… found String.`; other quotes are of the grammar. */
function parseMessage(message: string): string {
  // Not the parser's own words: it ran out of stack.
  if (!message.startsWith('Syntax Error')) return 'Syntax Error: The document is nested too deeply.';
  return message.replace(/((?:Int|Float|String|BlockString)) "[\s\S]*"(\.?)$/, '$1$2');
}
