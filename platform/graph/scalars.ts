/**
 * Scalars. Output is strict; input lets any string through, because the gateway does not coerce custom scalars: a subgraph
 * that refused one would answer without a path and with the value in its message. The use case validates and names the field.
 */
import { GraphQLScalarType, Kind, type GraphQLScalarTypeConfig } from 'graphql';
import { GraphQLCountryCode, GraphQLDateTimeISO, GraphQLEmailAddress, GraphQLJSON, GraphQLURL } from 'graphql-scalars';

function passInput(config: GraphQLScalarTypeConfig<unknown, unknown>): GraphQLScalarType<unknown, unknown> {
  return new GraphQLScalarType({
    ...config,
    // A number stands for itself as text, so that the use case can refuse it by field; other kinds become null-like text.
    parseValue: (value) => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''),
    parseLiteral: (node) =>
      node.kind === Kind.STRING || node.kind === Kind.INT || node.kind === Kind.FLOAT ? node.value : '',
    astNode: undefined,
    extensionASTNodes: [],
  });
}

/** A moment in UTC, ISO 8601: `2026-11-21T10:00:00.000Z`. */
export const DateTime = passInput({
  ...GraphQLDateTimeISO.toConfig(),
  name: 'DateTime',
  description: 'A moment in UTC as ISO 8601, e.g. `2026-11-21T10:00:00.000Z`.',
});

/** An absolute URL. */
export const UrlScalar = passInput({
  ...GraphQLURL.toConfig(),
  name: 'URL',
  description: 'An absolute URL.',
  serialize: (value) => String(value),
});

/** An e-mail address of at most 254 characters, compared without case. */
export const EmailAddress = passInput({
  ...GraphQLEmailAddress.toConfig(),
  name: 'EmailAddress',
  description: 'An e-mail address of at most 254 characters, compared without case.',
  serialize: (value) => String(value),
});

/** A country: ISO 3166-1 alpha-2. */
export const CountryCode = passInput({
  ...GraphQLCountryCode.toConfig(),
  name: 'CountryCode',
  description: 'A country as ISO 3166-1 alpha-2, e.g. `DE`.',
});

/** Any JSON value; for error details. */
export const JsonScalar = new GraphQLScalarType({
  ...GraphQLJSON.toConfig(),
  name: 'JSON',
  description: 'Any JSON value.',
});

/** An amount in major units as a decimal string: "29.99". */
export const Decimal = passInput({
  name: 'Decimal',
  description: 'A decimal number as a string, e.g. `"29.99"`: exact, never a float.',
  serialize: (value) => String(value),
});

/** A currency: ISO 4217. */
export const CurrencyCode = passInput({
  name: 'CurrencyCode',
  description: 'A currency as ISO 4217, e.g. `USD`.',
  serialize: (value) => String(value),
});
