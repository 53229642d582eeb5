/** Which operations select a field. */
import {
  isAbstractType,
  isObjectType,
  Kind,
  parse,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type ASTNode,
  type FieldNode,
  type GraphQLSchema,
  type ObjectFieldNode,
} from 'graphql';
import { StartProblem } from '../../platform/start-problem';

/**
 * The operations that select `Type.field`, also through an interface or union that the type belongs to. Throws StartProblem
 * if the schema has no such field. An operation that no longer fits the schema is looked at as far as it fits.
 */
export function findUses<Operation extends { body: string }>(
  schema: GraphQLSchema,
  coordinate: string,
  operations: readonly Operation[],
): Operation[] {
  const [, typeName, fieldName] = /^(\w+)\.(\w+)$/.exec(coordinate) ?? [];
  const type = schema.getType(typeName ?? '');
  if (fieldName === undefined || !type || !('getFields' in type) || !type.getFields()[fieldName])
    throw new StartProblem('The schema has no such field: say Type.field, as in Product.name.');
  const uses = (body: string): boolean => {
    const info = new TypeInfo(schema);
    const found: ASTNode[] = [];
    const enter = (node: FieldNode | ObjectFieldNode): void => {
      const parent = node.kind === Kind.FIELD ? info.getParentType() : info.getParentInputType();
      const belongs = isAbstractType(parent) && isObjectType(type) && schema.isSubType(parent, type);
      if (node.name.value === fieldName && (parent === type || belongs)) found.push(node);
    };
    visit(parse(body), visitWithTypeInfo(info, { Field: enter, ObjectField: enter }));
    return found.length > 0;
  };
  return operations.filter(({ body }) => uses(body));
}
