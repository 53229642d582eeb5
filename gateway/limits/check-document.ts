/** Whether a document may be planned at all: its size first, then whether it fits the schema. Said once for each document. */
import {
  GraphQLError,
  NoFragmentCyclesRule,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql';
import { checkSize } from './check-size';
import { checkText, MOST_TOKENS } from './check-text';

/** Errors of validation that are looked for. */
const MOST_ERRORS = 10;

const known = new WeakMap<GraphQLSchema, WeakMap<DocumentNode, readonly unknown[]>>();

/** Parses a document of a client. Throws GraphQLError with code GRAPHQL_PARSE_FAILED; Fault INVALID_REQUEST if it is too deep or long. */
export function parseDocument(source: string): DocumentNode {
  checkText(source);
  try {
    return parse(source, { maxTokens: MOST_TOKENS });
  } catch (error) {
    // Nested so deeply that the parser ran out of stack: a mistake of the client like any other.
    const { message, positions } = error instanceof GraphQLError ? error : new GraphQLError('Syntax Error: too deep.');
    const place = error instanceof GraphQLError ? { source: error.source, positions } : {};
    throw new GraphQLError(message, { ...place, extensions: { code: 'GRAPHQL_PARSE_FAILED' } });
  }
}

/** Throws AggregateError of all that is wrong: one Fault INVALID_REQUEST, or GraphQLErrors GRAPHQL_VALIDATION_FAILED. */
export function checkDocument(schema: GraphQLSchema, document: DocumentNode): void {
  const ofSchema = known.get(schema) ?? new WeakMap<DocumentNode, readonly unknown[]>();
  known.set(schema, ofSchema);
  const problems = ofSchema.get(document) ?? problemsOf(schema, document);
  ofSchema.set(document, problems);
  if (problems.length > 0) throw new AggregateError(problems);
}

function problemsOf(schema: GraphQLSchema, document: DocumentNode): readonly unknown[] {
  try {
    checkSize(document);
    // By itself: other rules are slow on cycles.
    const cycles = validate(schema, document, [NoFragmentCyclesRule], { maxErrors: MOST_ERRORS });
    const errors = cycles.length > 0 ? cycles : validate(schema, document, specifiedRules, { maxErrors: MOST_ERRORS });
    return errors.map(invalid);
  } catch (error) {
    // graphql-js throws instead when the root field of a subscription has `@include(if: $variable)`.
    return [error instanceof GraphQLError ? invalid(error) : error];
  }
}

function invalid({ message, nodes }: GraphQLError): GraphQLError {
  return new GraphQLError(message, { nodes, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } });
}
