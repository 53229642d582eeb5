/** Fields of an order that cost a statement or a key. */
import { Arg, Ctx, FieldResolver, Int, Resolver, Root } from 'type-graphql';
import { z } from 'zod';
import { owns } from '../../platform/auth/principal';
import { DateTime, EmailAddress } from '../../platform/graph/scalars';
import { addressInput, validateArguments, wholeNumber } from '../../platform/graph/validate';
import { PostalAddress } from '../../platform/graph/values';
import { toId } from '../../platform/ids';
import type { Sealer } from '../../platform/seal';
import type { GraphContext } from '../../platform/subgraph';
import { fromCursor } from './event-cursor';
import { OrderLine } from './order-line.type';
import { OrderEvent } from './order-event.type';
import { orderDetails, orderTimeline } from './order.loaders';
import { Order, PaymentAction } from './order.type';
import { waitsForBuyer } from './payment-status.rules';
import { Return } from './returns/return.type';
import { returnableUnits, returnableUntil } from './returns/returns.rules';
import type { OrdersServices } from './services';
import { Shipment } from './shipment.type';
import { showEvent } from './show-event';
import { User } from './stubs';

type Context = GraphContext<OrdersServices>;

/** Events in a timeline unless said otherwise, and at most. */
const MAX_EVENTS = 100;

/** See the head of this file. */
@Resolver(() => Order)
export class OrderFieldsResolver {
  @FieldResolver(() => String, {
    nullable: true,
    description:
      "A guest order's secret, for `order`, `orderUpdated`, `cancelOrder` and `requestReturn`. Shown to whoever placed it or has it.",
  })
  token(@Root() { row, showToken }: Order, @Ctx() { services }: Context): string | null {
    return showToken ? open(services.sealer, row.token) : null;
  }

  @FieldResolver(() => User, { nullable: true, description: "Who bought it; null for a guest and a partner's client." })
  customer(@Root() { row }: Order): User | null {
    return row.ownerKind === 'user' ? Object.assign(new User(), { id: toId('user', row.ownerId) }) : null;
  }

  @FieldResolver(() => EmailAddress, {
    nullable: true,
    description: "A guest's address, to which the confirmation went; null for others: see `customer { email }`.",
  })
  email(@Root() { row }: Order, @Ctx() { services }: Context): string | null {
    return open(services.sealer, row.email);
  }

  @FieldResolver(() => String, { nullable: true, description: "The buyer's words for the shop." })
  note(@Root() { row }: Order, @Ctx() { services }: Context): string | null {
    return open(services.sealer, row.note);
  }

  @FieldResolver(() => PostalAddress, { nullable: true, description: 'Where it goes; null once erased.' })
  shippingAddress(@Root() { row }: Order, @Ctx() { services }: Context): PostalAddress | null {
    return openAddress(services.sealer, row.shippingAddress);
  }

  @FieldResolver(() => PostalAddress, { nullable: true, description: 'Address of the invoice; null once erased.' })
  billingAddress(@Root() { row }: Order, @Ctx() { services }: Context): PostalAddress | null {
    return openAddress(services.sealer, row.billingAddress ?? row.shippingAddress);
  }

  @FieldResolver(() => PaymentAction, {
    nullable: true,
    description:
      'What the buyer has to do so that the order goes on; null when there is nothing, and for anybody but the buyer.',
  })
  nextAction(@Root() order: Order, @Ctx() { services, principal }: Context): PaymentAction | null {
    const { row, now, showToken } = order;
    if (row.nextAction === null || !waitsForBuyer(row, now) || !(showToken || owns(principal, row))) return null;
    const url = services.sealer.open(row.nextAction);
    return Object.assign(new PaymentAction(), { url, expiresAt: row.nextActionUntil });
  }

  @FieldResolver(() => [OrderLine], { description: 'What was bought; at most 200 lines.' })
  async lines(@Root() { row }: Order, @Ctx() context: Context): Promise<OrderLine[]> {
    const { lines } = await orderDetails(context).load(row);
    return lines.map((line) => OrderLine.of(line, row.currencyCode));
  }

  @FieldResolver(() => [Shipment], { description: 'Parcels that have left, first one first.' })
  async shipments(@Root() { row }: Order, @Ctx() context: Context): Promise<Shipment[]> {
    const details = await orderDetails(context).load(row);
    return details.shipments.map((shipment) => Shipment.of(shipment, details, row.currencyCode));
  }

  @FieldResolver(() => [Return], { description: 'What was or is to be sent back, first one first; at most 50.' })
  async returns(@Root() { row }: Order, @Ctx() context: Context): Promise<Return[]> {
    const details = await orderDetails(context).load(row);
    return details.returns.map((each) => Return.of(each, details, row.currencyCode, context.services.sealer));
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    description: 'Until when the buyer may ask for a return; null when nothing can be returned. Staff may longer.',
  })
  async returnableUntil(@Root() { row, now }: Order, @Ctx() context: Context): Promise<Date | null> {
    const { lines, shipments } = await orderDetails(context).load(row);
    if (!returnableUnits(lines).some(({ quantity }) => quantity > 0)) return null;
    return returnableUntil({ status: row.status, parcels: shipments }, now);
  }

  @FieldResolver(() => [OrderEvent], { description: 'What happened to it, oldest first.' })
  async timeline(
    @Root() { row }: Order,
    @Ctx() context: Context,
    @Arg('after', () => String, { nullable: true, description: "Only what comes after this event's cursor." })
    after?: string | null,
    @Arg('first', () => Int, { nullable: true, description: 'How many, 1 to 100; 100 when absent.' })
    first?: number | null,
  ): Promise<OrderEvent[]> {
    const limit = validateArguments(timelineArguments, { first }).first ?? MAX_EVENTS;
    const range = { orderId: row.id, after: after == null ? 0n : fromCursor(after), first: limit };
    const events = await orderTimeline(context).load(range);
    return events.map((event) => showEvent(event, row, context.services.sealer));
  }
}

const timelineArguments = z.object({ first: wholeNumber(1, MAX_EVENTS).nullish() });

function open(sealer: Sealer, sealed: string | null): string | null {
  return sealed === null ? null : sealer.open(sealed);
}

function openAddress(sealer: Sealer, sealed: string | null): PostalAddress | null {
  return sealed === null ? null : Object.assign(new PostalAddress(), sealer.openJson(sealed, addressInput));
}
