/**
 * Coercion of variables by GraphQL itself, ahead of the gateway library's own, whose messages quote the values. Custom
 * scalars let everything through; their values are validated by the use cases.
 */
import {
  coerceInputValue,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  typeFromAST,
  type GraphQLInputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { Fault } from '../platform/errors';

/** Throws Fault BAD_USER_INPUT, naming variable, place and type, for the first variable that does not fit. */
export function checkVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Record<string, unknown> = {},
): void {
  for (const definition of operation.variableDefinitions ?? []) {
    const name = definition.variable.name.value;
    const type = typeFromAST(schema, definition.type);
    // Validation has already refused variables of output types.
    if (!isInputType(type)) continue;
    if (!Object.hasOwn(variables, name) || variables[name] === undefined) {
      if (isNonNullType(type) && !definition.defaultValue) {
        throw new Fault('BAD_USER_INPUT', `Variable "$${name}" of type "${type.toString()}" is required.`);
      }
      continue;
    }
    coerceInputValue(variables[name], type, (path, _value, error) => {
      throw new Fault('BAD_USER_INPUT', `Variable "$${name}" ${describe(name, type, path, error.message)}`);
    });
  }
}

function describe(name: string, type: GraphQLInputType, path: readonly (string | number)[], message: string): string {
  const place = path.length === 0 ? '' : ` at "${[name, ...path].join('.')}"`;
  const expected = `"${typeAt(type, path).toString()}"`;
  // These two quote the schema only.
  const missing = /^Field "\w+" of required type "[^"]+" was not provided\./.exec(message)?.[0];
  if (missing !== undefined) return `is incomplete${place}: ${missing}`;
  if (message.startsWith('Field "')) return `has a field${place} that type ${expected} does not define.`;
  return `has a wrong value${place}: expected type ${expected}.`;
}

/** The type declared at a path inside a variable. */
function typeAt(type: GraphQLInputType, path: readonly (string | number)[]): GraphQLInputType {
  return path.reduce<GraphQLInputType>((outer, key) => {
    const inner = getNullableType(outer);
    if (typeof key === 'number') return isListType(inner) ? inner.ofType : inner;
    const named = getNamedType(inner);
    return (isInputObjectType(named) ? named.getFields()[key]?.type : undefined) ?? inner;
  }, type);
}
