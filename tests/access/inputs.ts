/** What is sent: the least that is valid for a field, with the ids of somebody's objects. */
import { randomUUID } from 'node:crypto';
import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredInputField,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInputType,
} from 'graphql';
import { NEW_PASSWORD, PASSWORD, type Caller, type Person } from './callers';
import type { Json } from './doors';
import { ADDRESS, type Target, type Things, type World } from './things';

/** Objects that somebody owns: by which input names their ids go, alone or behind the type or field. */
const OWNED: Record<string, keyof Things> = {
  'Query.user.id': 'user', 'Query.order.id': 'ord', 'Query.order.number': 'number', 'Query.cart.id': 'cart',
  'Query.payment.id': 'pay', 'Query.webhookEndpoint.id': 'hook', 'Subscription.orderUpdated.orderId': 'ord',
  'RotateApiClientKeyInput.id': 'api', 'RevokeApiClientInput.id': 'api', 'UpdateApiClientInput.id': 'api',
  'DeletePaymentMethodInput.id': 'pm', 'UpdateWebhookEndpointInput.id': 'hook', 'DeleteWebhookEndpointInput.id': 'hook',
  'RotateWebhookSecretInput.id': 'hook', 'ReplayWebhookEventsInput.id': 'hook',
  addressId: 'addr', cartId: 'cart', lineId: 'line', orderId: 'ord', returnId: 'ret', sessionId: 'sess', userId: 'user',
}; // prettier-ignore

/** Secrets of guests: sent by the column, not by the row. */
const TOKENS: Record<string, 'token' | 'cartToken'> = {
  'Query.order.token': 'token', 'Query.cart.token': 'cartToken', 'Subscription.orderUpdated.token': 'token',
  'CancelOrderInput.token': 'token', 'RequestReturnInput.token': 'token', 'PlaceOrderInput.cartToken': 'cartToken',
  'AddToCartInput.token': 'cartToken', 'ApplyPromoCodeInput.token': 'cartToken', 'MergeCartInput.token': 'cartToken',
  'RemoveCartLineInput.token': 'cartToken', 'RemovePromoCodeInput.token': 'cartToken',
  'SetCartDeliveryInput.token': 'cartToken', 'UpdateCartLineInput.token': 'cartToken',
  'SaveForLaterInput.token': 'cartToken', 'MoveToCartInput.token': 'cartToken',
}; // prettier-ignore

const isOptionalButSent = (path: string): boolean =>
  path in TOKENS || ['UpdateAddressInput.address', 'PlaceOrderInput.email'].includes(path);

/** Everything else, by name or by type and name. A new input without an entry makes the matrix say so. */
const VALUES: Record<string, (world: World, caller: Caller) => unknown> = {
  address: () => ADDRESS,
  after: ({ things }) => things.partner.cursor,
  amount: () => '1.00',
  attributes: () => [],
  carrier: () => 'UPS',
  categoryId: ({ common }) => common.cat,
  city: () => ADDRESS.city,
  code: ({ common }) => common.promoCode,
  'CreatePromotionInput.code': () => `X${randomUUID().slice(0, 18).toUpperCase()}`,
  'CreatePromotionInput.kind': () => 'FREE_SHIPPING',
  currencyCode: () => 'USD',
  currentPassword: () => PASSWORD,
  delta: () => 1,
  email: () => `new-${randomUUID()}@matrix.example`,
  'LoginInput.email': (_world, caller) => ('email' in caller ? (caller as Person).email : 'ada@souk.example'),
  'LoginInput.password': (_world, caller) => ('email' in caller ? PASSWORD : 'souk-demo-password'),
  'PlaceOrderInput.email': (_world, { bearer }) => (bearer ? undefined : 'guest@matrix.example'),
  idempotencyKey: () => randomUUID(),
  name: () => `Matrix ${randomUUID()}`,
  newPassword: () => NEW_PASSWORD,
  password: () => PASSWORD,
  // It was changed before.
  'DeleteAccountInput.password': () => NEW_PASSWORD,
  payment: () => ({ token: 'tok_visa' }),
  price: () => ({ amount: '20.00', currencyCode: 'USD' }),
  productId: ({ common }) => common.prod,
  promotionId: ({ common }) => common.promo,
  quantity: () => 1,
  query: () => 'lamp',
  reason: () => 'Matrix',
  refreshToken: () => randomUUID(),
  role: () => 'CUSTOMER',
  sku: () => `M-${randomUUID()}`,
  // Another one each time: who tries one again and again is stopped.
  token: () => randomUUID(),
  'SavePaymentMethodInput.token': () => 'tok_visa',
  trackingNumber: () => '1Z1',
  url: () => 'https://example.com/hooks',
  variantId: ({ common }) => common.var,
  variants: () => [{ sku: `M-${randomUUID()}`, name: 'Brass', price: { amount: '20.00', currencyCode: 'USD' } }],
};
/** Public objects among the arguments of queries. */
const PUBLIC: Record<string, keyof Things> = {
  'Query.product.id': 'prod', 'Query.productVariant.id': 'var', 'Query.category.id': 'cat',
}; // prettier-ignore

/** What decides about the values. */
export interface Sent {
  world: World;
  caller: Caller;
  target: Target | '-';
}

const ownedKey = (path: string, name: string): keyof Things | undefined => OWNED[path] ?? OWNED[name];

/** Ids that the arguments name: a row for each target that has them all. */
export function namedThings(path: string, members: readonly (GraphQLArgument | GraphQLInputField)[]): (keyof Things)[] {
  return members.flatMap((member) => {
    const own = ownedKey(`${path}.${member.name}`, member.name);
    if (own) return [own];
    const type = getNamedType(member.type);
    return isInputObjectType(type) && isRequiredInputField(member)
      ? namedThings(type.name, Object.values(type.getFields()))
      : [];
  });
}

/** Values of the members that are required or mean somebody's object. Throws for one that nobody has thought of. */
export function valuesOf(
  path: string,
  members: readonly (GraphQLArgument | GraphQLInputField)[],
  sent: Sent,
  left: readonly string[] = [],
): Json {
  const values: Json = {};
  for (const member of members) {
    const where = `${path}.${member.name}`;
    const own = ownedKey(where, member.name);
    const wanted = isNonNullType(member.type) || own || where in PUBLIC || isOptionalButSent(where);
    if (!wanted || left.includes(member.name) || (member.defaultValue !== undefined && !own)) continue;
    values[member.name] = valueAt(where, member, sent);
  }
  return values;
}

function valueAt(where: string, member: GraphQLArgument | GraphQLInputField, sent: Sent): unknown {
  const { world, caller, target } = sent;
  const own = ownedKey(where, member.name);
  if (own) return target === '-' ? undefined : world.things[target][own];
  const token = TOKENS[where];
  if (token) return tokenOf(sent, token) ?? (isNonNullType(member.type) ? randomUUID() : undefined);
  if (PUBLIC[where]) return world.common[PUBLIC[where]];
  const known = VALUES[where] ?? VALUES[member.name];
  if (known) return known(world, caller);
  const made = plain(member.type, sent);
  if (made === undefined) throw new Error(`Say in tests/access/inputs.ts what the matrix is to send for ${where}.`);
  return made;
}

/** The right token of a guest is that of the row's objects, or, when they have none, of the guest's own. */
function tokenOf({ world, caller, target }: Sent, token: 'token' | 'cartToken'): string | undefined {
  if (caller.name === 'wrong') return 'A'.repeat(43);
  if (caller.name !== 'guest') return undefined;
  return (target === '-' ? undefined : world.things[target][token]) ?? world.things.guest[token];
}

function plain(type: GraphQLInputType, sent: Sent): unknown {
  if (isNonNullType(type)) return plain(type.ofType, sent);
  if (isListType(type)) return [];
  if (isEnumType(type)) return type.getValues()[0]?.name;
  return isInputObjectType(type) ? valuesOf(type.name, Object.values(type.getFields()), sent) : undefined;
}
