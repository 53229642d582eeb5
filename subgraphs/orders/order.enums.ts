/** Enums of the graph that orders owns. */
import { registerEnumType } from 'type-graphql';
import { ORDER_STATUSES } from './messages';
import { ACTOR_KINDS, ORDER_EVENT_TYPES } from './order-event.entity';
import { ORDER_SORTS } from './list-orders.rules';
import { ORDER_PAYMENT_STATUSES } from './payment-status.rules';
import { RETURN_REFUND_STATUSES, RETURN_STATUSES } from './returns/returns.rules';
import { ORDER_UPDATE_KINDS } from './order-update';

const enumOf = <Value extends string>(values: readonly Value[]): Record<string, Value> =>
  Object.fromEntries(values.map((value) => [value, value]));

/** OrderStatus. */
export const orderStatuses = enumOf(ORDER_STATUSES);
registerEnumType(orderStatuses, {
  name: 'OrderStatus',
  description: 'Where an order stands. Values may be added.',
  valuesConfig: {
    PENDING: { description: 'Placed; payment or stock is still being settled. It goes on by itself: watch it.' },
    CONFIRMED: { description: 'Paid for, as far as an order is before it ships, and its stock is set aside.' },
    PROCESSING: { description: 'Being prepared; some parcels may have left.' },
    SHIPPED: { description: 'The last unit has left.' },
    DELIVERED: { description: 'All parcels have arrived.' },
    CANCELLED: { description: 'Ended before anything was shipped; money and stock go back.' },
    RETURNED: { description: 'The last unit has come back.' },
  },
});

/** OrderPaymentStatus. */
export const orderPaymentStatuses = enumOf(ORDER_PAYMENT_STATUSES);
registerEnumType(orderPaymentStatuses, {
  name: 'OrderPaymentStatus',
  description: "Where an order's money stands; may lag `payments` by a second.",
  valuesConfig: {
    PENDING: { description: 'The provider has not answered yet.' },
    AUTHORIZED: { description: 'The total is held.' },
    PAID: { description: 'The total was taken, at the first parcel.' },
    PARTIALLY_REFUNDED: { description: 'Part of it was given back.' },
    REFUNDED: { description: 'All of it was given back.' },
    VOIDED: { description: 'The hold was let go; nothing was taken.' },
    FAILED: { description: 'The payment was declined.' },
  },
});

/** ReturnStatus. */
export const returnStatuses = enumOf(RETURN_STATUSES);
registerEnumType(returnStatuses, {
  name: 'ReturnStatus',
  description: 'Where a return stands. Values may be added.',
  valuesConfig: {
    REQUESTED: { description: 'Asked for; the shop has not decided yet.' },
    ACCEPTED: { description: "The units are the shop's again, and money goes back." },
    REJECTED: { description: 'The units stay with the buyer.' },
  },
});

/** ReturnRefundStatus. */
export const returnRefundStatuses = enumOf(RETURN_REFUND_STATUSES);
registerEnumType(returnRefundStatuses, {
  name: 'ReturnRefundStatus',
  description: 'Where the money for a return stands.',
  valuesConfig: {
    PENDING: { description: 'Promised, and under way.' },
    SUCCEEDED: { description: 'Given back.' },
    FAILED: { description: 'Not given back: it was refused, or more than was left. Support looks at it.' },
  },
});

/** OrderEventType. */
export const orderEventTypes = enumOf(ORDER_EVENT_TYPES);
registerEnumType(orderEventTypes, {
  name: 'OrderEventType',
  description: 'What an event of an order is about.',
  valuesConfig: {
    STATUS_CHANGED: { description: 'The status moved; whatever else changed with it is part of it.' },
    SHIPMENT_CHANGED: { description: 'A parcel left or arrived, and the status stayed.' },
    PAYMENT_CHANGED: { description: '`paymentStatus` changed, and the status stayed.' },
    RETURN_CHANGED: { description: 'A return changed, and the status stayed.' },
  },
});

/** ActorKind. */
export const actorKinds = enumOf(ACTOR_KINDS);
registerEnumType(actorKinds, {
  name: 'ActorKind',
  description: 'Who made something happen.',
  valuesConfig: {
    CUSTOMER: { description: 'The buyer, signed in.' },
    GUEST: { description: 'The buyer, without an account.' },
    SUPPORT: { description: "The shop's support." },
    ADMIN: { description: "The shop's administration." },
    PARTNER: { description: 'A partner, or its API client.' },
    SYSTEM: { description: 'The shop itself.' },
  },
});

/** OrderUpdateKind. */
export const orderUpdateKinds = enumOf(ORDER_UPDATE_KINDS);
registerEnumType(orderUpdateKinds, {
  name: 'OrderUpdateKind',
  description: 'Why an update is sent.',
  valuesConfig: {
    SNAPSHOT: { description: 'The first one: the newest event, and the order as it is now.' },
    EVENT: { description: 'Something happened.' },
    GAP: { description: 'Events in between are no longer kept: the order as it is now, then live.' },
  },
});

/** OrderSort. */
export const orderSorts = enumOf(ORDER_SORTS);
registerEnumType(orderSorts, {
  name: 'OrderSort',
  description: 'Order of a list of orders.',
  valuesConfig: {
    NEWEST: { description: 'Last placed first.' },
    OLDEST: { description: 'First placed first.' },
    TOTAL_DESC: { description: 'Dearest first.' },
    TOTAL_ASC: { description: 'Cheapest first.' },
    STATUS: { description: 'By status in the order of its life, first placed first within one.' },
  },
});
