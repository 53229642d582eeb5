/**
 * The conditions of ownership and role in the subgraphs, each with what is left when it is taken out, and the rows of the table
 * that must turn red then. tests/unit/access-conditions.test.ts holds the list against the program; mutants.ts takes them out.
 */
import type { SubgraphName } from '../../platform/config';

/** A condition that is taken out. */
export interface Condition {
  /** Where it runs. */
  part: SubgraphName;
  /** Compiled file, and what is replaced in it: the text stands there exactly once. */
  file: string;
  from: string;
  to: string;
  /** Rows that are asked, to be quicker: one of them has to turn red. */
  rows: RegExp;
  /** It works while the world is being made: in the background, or on what people keep. */
  early?: boolean;
}

type Entry = [name: string, file: string, from: string, to: string, rows: RegExp, early?: 'early'];

const of = (part: SubgraphName, entries: readonly Entry[]): Record<string, Condition> =>
  Object.fromEntries(
    entries.map(([name, file, from, to, rows, early]) => [
      `${part}: ${name}`,
      { part, file: `subgraphs/${part}/${file}.js`, from, to, rows, early: early !== undefined },
    ]),
  );

/** A use case that begins with a guard; `principal`: as it is called there. */
const guarded = (guard: 'User' | 'Staff' | 'Admin', file: string, field: string, principal = 'principal'): Entry => [
  `${field} without require${guard}`,
  file,
  `(0, _guard.require${guard})(${principal})`,
  principal,
  new RegExp(`^(Mutation|Query|Subscription)\\.${field}\\b`),
];
const shared = (part: SubgraphName, name: string, file: string, from: string, to: string, rows: RegExp): [string, Condition] => [
  `${part}: ${name}`,
  { part, file: `platform/auth/${file}.js`, from, to, rows },
]; // prettier-ignore

const ORDER = /^Query\.order /;
const USER = /^(accounts\._entities|Query\.user )/;
const IS_STAFF = '(0, _principal.isStaff)(principal)';
const OWNS_ROW = `${IS_STAFF} || (0, _principal.owns)(principal, row)`;
const MAY_SEE = '(0, _orderaccess.maySee)';
const SCOPE = `(0, _guard.requireScope)(principal, 'orders:write');`;
const VIEW = '(0, _accountrules.viewOf)(context.principal, userId)';
const NOT_ME = `(0, _ids.fromId)('user', user.id) !== principal.id`;

/** All of them, by name. */
export const CONDITIONS: Readonly<Record<string, Condition>> = {
  ...of('orders', [
    ['names of staff for all', 'actor.resolver', `principal.kind === 'user' && principal.id === actorId || ${IS_STAFF}`, 'true', ORDER],
    ['order seen by all', 'order-access', '(0, _principal.owns)(principal, order)', 'true', ORDER],
    ['order of any partner’s client', 'order-access', 'isPartnerOf(principal, order)', `principal.kind === 'user' && order.partnerId !== null`, ORDER],
    ['partner not compared', 'order-access', `principal.role === 'PARTNER' && principal.id === partnerId`, 'partnerId !== null', ORDER],
    ['order token not asked for', 'order-access', ' || hasToken(order, access)', ' || order.tokenHash !== null', ORDER],
    ['order token not compared', 'order-access', 'order.tokenHash === access.tokenHash', 'true', ORDER],
    ['read scope of one order', 'order-access', `if (!(0, _principal.hasScope)(principal, 'orders:read')) return false;`, '', /^(Query\.order|orders\._entities) /],
    ['read scope of lists', 'order-access', `(0, _guard.requireScope)(principal, 'orders:read');`, '', /^Query\.orders /],
    ['lists for nobody', 'order-access', `throw new _errors.Fault('UNAUTHENTICATED');`, 'return null;', /^Query\.orders /],
    ['order found by all', 'find-order', `${MAY_SEE}(row, access)`, 'true', ORDER],
    ['token shown to all who see', 'find-order', '(0, _orderaccess.hasToken)(row, access)', 'true', ORDER],
    ['order resolved for all', 'order.loaders', `${MAY_SEE}(row, (0, _orderaccess.accessOf)(principal))`, 'true', /^orders\._entities/],
    ['order cancelled by all', 'cancel-order', ` || !${MAY_SEE}(order, access)`, '', /cancelOrder/],
    ['order cancelled by partners', 'cancel-order', `principal.kind === 'client' || principal.kind === 'user' && principal.role === 'PARTNER'`, 'false', /cancelOrder/],
    ['order returned by all', 'returns/request-return', ` || !${MAY_SEE}(order, access)`, '', /requestReturn/],
    ['return without scope', 'returns/request-return', SCOPE, '', /requestReturn/],
    ['bought by staff and partners', 'place-order.input', `principal.kind === 'user' && (principal.role === 'SUPPORT' || principal.role === 'PARTNER')`, 'false', /placeOrder/],
    ['order watched by all', 'watch-orders', ` || !${MAY_SEE}(order, access)`, '', /orderUpdated/],
    ['token shown to all who watch', 'order.subscription', '(0, _orderaccess.hasToken)(row, (0, _orderaccess.accessOf)(principal, token))', 'true', /orderUpdated/],
    ['all orders watched', 'watch-orders', '(0, _guard.requireStaff)(principal)', 'principal', /ordersUpdated/],
    ['all orders listed', 'order.resolver', `${IS_STAFF} ? null`, 'true ? null', /^Query\.orders /],
    ['orders of a user for all', 'order.resolver', `!theirs && !${IS_STAFF}`, 'false', /^(orders\._entities|Query\.user) /],
    ['orders of a user: whose', 'order.resolver', `principal.kind === 'user' && principal.id === ownerId`, `principal.kind === 'user'`, /^(orders\._entities|Query\.user) /],
    ['orders of all owners', 'list-orders', 'o.owner_kind = ${parameter(whose.ownerKind)} AND o.owner_id = ${parameter(whose.ownerId)}', '${parameter(whose.ownerKind)}::text IS NOT NULL AND ${parameter(whose.ownerId)}::uuid IS NOT NULL', /^Query\.orders /],
    ['orders of all partners', 'list-orders', 'o.partner_id = ${parameter(whose.partnerId)}', '${parameter(whose.partnerId)}::uuid IS NOT NULL', /^Query\.orders /],
    guarded('Staff', 'start-processing', 'startProcessing'),
    guarded('Staff', 'ship-order', 'shipOrder'),
    guarded('Staff', 'confirm-delivery', 'confirmDelivery'),
    guarded('Staff', 'returns/accept-return', 'acceptReturn'),
    guarded('Staff', 'returns/reject-return', 'rejectReturn'),
    guarded('User', 'webhooks/create-endpoint', 'createWebhookEndpoint'),
    guarded('User', 'webhooks/update-endpoint', 'updateWebhookEndpoint'),
    guarded('User', 'webhooks/delete-endpoint', 'deleteWebhookEndpoint'),
    guarded('User', 'webhooks/rotate-secret', 'rotateWebhookSecret'),
    guarded('User', 'webhooks/replay-events', 'replayWebhookEvents'),
    guarded('User', 'webhooks/webhook.resolver', 'webhookEndpoints'),
    ['endpoint made by all', 'webhooks/create-endpoint', `user.role !== 'PARTNER'`, 'false', /createWebhookEndpoint/],
    ['endpoint seen by all', 'webhooks/endpoint-store', '((0, _principal.owns)(principal, row) || (0, _principal.isAdmin)(principal))', 'true', /^Query\.webhookEndpoint /],
    ['endpoint changed by all', 'webhooks/endpoint-store', ' || !(0, _principal.owns)(user, row)', '', /Webhook/],
    ['endpoints of all listed', 'webhooks/endpoint-store', `owner_kind = 'user' AND owner_id = $1`, '$1::uuid IS NOT NULL', /^Query\.webhookEndpoints /],
    ['orders of all delivered', 'webhooks/make-deliveries', `(o.owner_kind = b.owner_kind AND o.owner_id = b.owner_id OR b.owner_kind = 'user' AND o.partner_id = b.owner_id)`, 'true', /^Query\.webhookEndpoints /, 'early'],
  ]),
  ...of('cart', [
    ['cart by id for all', 'cart.rows', '(token_hash = $2 OR (owner_kind = $3 AND owner_id = $4))', '(token_hash = $2 OR $3::text IS NULL OR $4::uuid IS NULL OR true)', /^Query\.cart /],
    ['cart token not compared', 'cart.rows', 'token_hash = $2 OR', '$2::text IS NOT NULL OR', /^Query\.cart /],
    ['cart owner not compared', 'cart.rows', 'owner_kind = $3 AND owner_id = $4', '$3::text IS NOT NULL AND $4::uuid IS NOT NULL', /^Query\.cart /],
    ['cart of a user for all', 'user.resolver', NOT_ME, 'false', /^(cart\._entities|Query\.user )/],
    ['cart without scope', 'cart-reference', SCOPE, '', /^(Query\.cart|Mutation\.addToCart) /],
    guarded('User', 'merge-cart', 'mergeCart', 'meta.principal'),
    guarded('Staff', 'promotions/list-promotions', 'promotions'),
    guarded('Admin', 'promotions/create-promotion', 'createPromotion', 'meta.principal'),
    guarded('Admin', 'promotions/update-promotion', 'updatePromotion', 'meta.principal'),
  ]),
  ...of('payments', [
    ['payments of an order for all', 'payment.resolver', `${OWNS_ROW}).map`, 'true).map', /^(payments\._entities|Query\.order )/],
    ['payment for all', 'payment.resolver', `(${OWNS_ROW}) ?`, 'true ?', /^Query\.payment/],
    ['cards for all', 'payment-method.resolver', NOT_ME, 'false', /^(payments\._entities|Query\.user )/],
    ['card deleted by all', 'delete-payment-method', `owner_kind = 'user' AND owner_id = $2`, '$2::uuid IS NOT NULL', /deletePaymentMethod/],
    ['card charged by all', 'payment-source', 'owner_kind = $2 AND owner_id = $3', '$2::text IS NOT NULL AND $3::uuid IS NOT NULL', /placeOrder by saved card/],
    guarded('User', 'delete-payment-method', 'deletePaymentMethod'),
    guarded('User', 'save-payment-method', 'savePaymentMethod'),
    guarded('Staff', 'create-refund', 'createRefund'),
  ]),
  ...of('accounts', [
    ['user seen by all', 'user.resolver', `${VIEW} === 'nothing'`, 'false', /^Query\.user /],
    ['contact data for all', 'account.rules', `principal.role === 'SUPPORT' ? 'contact' : 'nothing'`, `'contact'`, USER],
    ['all of it for all users', 'account.rules', `principal.id === userId || principal.role === 'ADMIN'`, 'true', USER],
    ['contact data for nobody', 'account.rules', `if (principal.kind !== 'user') return 'nothing';`, `if (principal.kind !== 'user') return 'contact';`, USER],
    ['whole profiles for all', 'user.resolver', `${VIEW};`, `'all';`, USER],
    ['profile fields for all', 'user.resolver', `view === 'nothing' || `, '', USER],
    ['all fields for support', 'user.resolver', ` || needs === 'all' && view !== 'all'`, '', USER],
    ['staff’s fields for all', 'user.resolver', '(0, _principal.isStaff)(context.principal) ?', 'true ?', USER],
    ['addresses for all', 'user.resolver', `${VIEW} !== 'all'`, 'false', USER],
    ['sessions for all', 'sessions/active-session.resolver', `${VIEW} !== 'all'`, 'false', USER],
    ['exports for all', 'personal-data/personal-data.resolver', `context.principal.kind !== 'user' || context.principal.id !== userId`, 'false', USER],
    ['address changed by all', 'change-address', 'AND account_id = $2', 'AND $2::uuid IS NOT NULL', /Address/],
    ['session revoked by all', 'sessions/revoke-session', 'AND account_id = $2', 'AND $2::uuid IS NOT NULL', /revokeSession/],
    ['client changed by all', 'api-clients/api-client.rows', ' || before.ownerId !== user.id && !admin', '', /ApiClient/],
    ['client made by all', 'api-clients/create-api-client', 'await (0, _apiclientrows.lockPartner)(tx, user);', '', /createApiClient/],
    ['partner’s role not asked for', 'api-clients/api-client.rows', `role = 'PARTNER' AND suspended_at IS NULL FOR NO KEY`, 'suspended_at IS NULL FOR NO KEY', /createApiClient/],
    ['clients listed by all', 'api-clients/list-api-clients', `user.role !== 'PARTNER' && user.role !== 'ADMIN'`, 'false', /^Query\.apiClients /],
    ['clients of all listed', 'api-clients/list-api-clients', `user.role === 'ADMIN' ? null`, 'true ? null', /^Query\.apiClients /],
    ['clients of all owners', 'api-clients/list-api-clients', `'c.owner_id = $1'`, `'$1::uuid IS NOT NULL'`, /^Query\.apiClients /],
    guarded('User', 'api-clients/list-api-clients', 'apiClients'),
    guarded('User', 'api-clients/create-api-client', 'createApiClient'),
    guarded('User', 'api-clients/rotate-api-client-key', 'rotateApiClientKey'),
    guarded('User', 'api-clients/revoke-api-client', 'revokeApiClient'),
    guarded('Admin', 'api-clients/update-api-client', 'updateApiClient'),
    guarded('User', 'create-address', 'createAddress'),
    guarded('User', 'update-address', 'updateAddress'),
    guarded('User', 'delete-address', 'deleteAddress'),
    guarded('User', 'update-profile', 'updateProfile'),
    guarded('User', 'sessions/revoke-session', 'revokeSession'),
    guarded('User', 'log-out', 'logout'),
    guarded('User', 'log-out-everywhere', 'logoutEverywhere'),
    guarded('User', 'credentials/request-email-verification', 'requestEmailVerification'),
    guarded('User', 'credentials/prove-password', '(changePassword|changeEmail|deleteAccount)'),
    guarded('User', 'personal-data/request-data-export', 'requestDataExport'),
    guarded('Admin', 'audit/list-audit-log', 'auditLog'),
    guarded('Admin', 'suspend-user', 'suspendUser'),
    guarded('Admin', 'update-user-role', 'updateUserRole'),
    guarded('Admin', 'update-user-rate-tier', 'updateUserRateTier'),
    guarded('Staff', 'find-users', 'users'),
  ]),
  ...of('catalog', [
    ['recommendations for all', 'recommendations/recommended-products.resolver', NOT_ME, 'false', /^(catalog\._entities|Query\.user )/],
    ['stock for all', 'variant.resolver', `${IS_STAFF} ?`, 'true ?', /^(Query\.productVariant|catalog\._entities) /],
    guarded('Admin', 'create-category', 'createCategory'),
    guarded('Admin', 'update-category', 'updateCategory'),
    guarded('Admin', 'create-product', 'createProduct'),
    guarded('Admin', 'update-product', 'updateProduct'),
    guarded('Admin', 'archive-product', 'archiveProduct'),
    guarded('Admin', 'create-product-variant', 'createProductVariant'),
    guarded('Admin', 'update-product-variant', 'updateProductVariant'),
    guarded('Admin', 'stock/adjust-stock', 'adjustStock'),
  ]),
  ...Object.fromEntries([
    shared('orders', 'kind of owner only', 'principal', ' && principal.id === owner.ownerId', '', ORDER),
    shared('payments', 'kind of owner only', 'principal', ' && principal.id === owner.ownerId', '', /^Query\.payment /),
    shared('orders', 'users are staff', 'principal', ' && STAFF_ROLES.has(principal.role)', '', /^Query\.orders? /),
    shared('cart', 'users are staff', 'principal', ' && STAFF_ROLES.has(principal.role)', '', /^Query\.promotions /),
    shared('accounts', 'users are admins', 'principal', ` && principal.role === 'ADMIN'`, '', /^Query\.auditLog /),
    shared('catalog', 'users are admins', 'principal', ` && principal.role === 'ADMIN'`, '', /adjustStock/),
    shared('orders', 'scopes not compared', 'principal', 'principal.scopes.includes(scope)', 'true', /^Query\.orders? /),
    shared('cart', 'scopes not compared', 'principal', 'principal.scopes.includes(scope)', 'true', /^Query\.cart /),
    shared('cart', 'scope not required', 'guard', 'if (!(0, _principal.hasScope)(principal, scope))', 'if (false)', /^Query\.cart /),
    shared('orders', 'staff not asked for', 'guard', `if ((0, _principal.isStaff)(principal))`, `if (principal.kind === 'user')`, /startProcessing|shipOrder/),
    shared('catalog', 'admin not asked for', 'guard', `if ((0, _principal.isAdmin)(principal))`, `if (principal.kind === 'user')`, /adjustStock|createCategory/),
    shared('accounts', 'user not asked for', 'guard', `if (principal.kind === 'user') return principal;`, 'return principal;', /updateProfile|createAddress/),
  ]),
}; // prettier-ignore

/** Calls of guards and looks at roles that the matrix cannot see, and why. */
export const BESIDE: readonly { file: string; text: string; why: string }[] = [
  { file: 'orders/cancel-order', text: `if (${IS_STAFF}) await`, why: 'Whether it is noted in the audit log.' },
  { file: 'orders/cancel-order', text: `!${IS_STAFF} && !(0, _cancellationrules`, why: 'When, not who.' },
  { file: 'orders/returns/request-return', text: `if (${IS_STAFF}) await`, why: 'Whether it is noted in the audit log.' },
  { file: 'orders/returns/request-return', text: `!${IS_STAFF} && !(0, _returnsrules`, why: 'When, not who.' },
  { file: 'orders/watch-orders', text: `${IS_STAFF} && !(0, _principal.owns)(principal, order) && !(0, _orderaccess.hasToken)(order, access)`, why: 'Whether a lost role ends what is open: tests/contract/orders-live.test.ts.' },
  { file: 'orders/watch-orders', text: `if (!${MAY_SEE}(row, access))`, why: 'Rights that are lost while a stream is open: tests/contract/orders-live.test.ts.' },
  { file: 'orders/watch-orders', text: '(0, _orderaccess.isOf)(order, whose)', why: 'The log is read by owner already.' },
  { file: 'orders/order-fields.resolver', text: '(0, _principal.owns)(principal, row)', why: 'Orders of the matrix wait for nobody: tests/contract/orders-checkout.test.ts.' },
  { file: 'orders/place-order.input', text: SCOPE, why: 'Cart asks for the same scope: taken out alone, it lets nobody through.' },
  { file: 'orders/webhooks/endpoint-store', text: `if (user.role !== 'PARTNER')`, why: 'Partners who are none any more: tests/contract/orders-webhooks.test.ts.' },
  { file: 'orders/webhooks/partners', text: `role === 'PARTNER' && !suspended`, why: 'The same.' },
  { file: 'orders/order-access', text: IS_STAFF, why: 'Gives a right.' },
  { file: 'orders/order-access', text: `if (principal.kind === 'user' && principal.role === 'PARTNER')`, why: 'Which orders are theirs.' },
  { file: 'payments/payment-method.resolver', text: 'clear((0, _guard.requireUser)(context.principal).id)', why: 'Forgets what was read.' },
  { file: 'accounts/address.resolver', text: 'clear((0, _guard.requireUser)(context.principal).id)', why: 'Forgets what was read.' },
  { file: 'accounts/api-clients/api-client.rows', text: `account?.role === 'ADMIN'`, why: 'Gives a right.' },
  { file: 'accounts/api-clients/api-client.rows', text: `account?.role !== 'PARTNER'`, why: 'Roles that were lost a moment ago: tests/contract/accounts-api-clients.test.ts.' },
  { file: 'accounts/api-clients/api-client.rows', text: `a.role = 'PARTNER'`, why: 'The same.' },
  { file: 'accounts/update-user-role', text: 'user.role === role', why: 'It is so already.' },
  { file: 'accounts/update-user-role', text: `user.role === 'ADMIN' && !user.suspended`, why: 'The shop keeps an admin.' },
  { file: 'accounts/find-users', text: `if (role !== null) (0, _guard.requireAdmin)(principal)`, why: 'An argument that the matrix leaves out: tests/contract/accounts-users.test.ts.' },
  { file: 'accounts/lock-admins', text: `role = 'ADMIN' OR`, why: 'The shop keeps an admin.' },
  { file: 'accounts/lock-admins', text: `role === 'ADMIN' && !suspended`, why: 'The shop keeps an admin.' },
]; // prettier-ignore
