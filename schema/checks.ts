/** What the schema that clients see is held to. */
import {
  findBreakingChanges,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLSchema,
} from 'graphql';

/** What would break clients of the released schema, a line each. */
export function breakingChanges(released: GraphQLSchema, now: GraphQLSchema): string[] {
  return findBreakingChanges(released, now).map((change) => change.description);
}

/** Names of all schema elements without a description. */
export function undescribed(schema: GraphQLSchema): string[] {
  const names: string[] = [];
  const look = (name: string, description: string | null | undefined): void => {
    if (!description) names.push(name);
  };
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type) || isSpecifiedScalarType(type)) continue;
    const root = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].some(
      (it) => it === type,
    );
    if (!root) look(type.name, type.description);
    if (isEnumType(type)) type.getValues().forEach((value) => look(`${type.name}.${value.name}`, value.description));
    if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) continue;
    const fields: Readonly<Record<string, GraphQLField<unknown, unknown> | GraphQLInputField>> = type.getFields();
    for (const field of Object.values(fields)) {
      look(`${type.name}.${field.name}`, field.description);
      if (!('args' in field)) continue;
      for (const arg of field.args) look(`${type.name}.${field.name}(${arg.name})`, arg.description);
    }
  }
  return names;
}
