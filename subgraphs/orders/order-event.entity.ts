/** The event log as it is written. */
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { OrderStatus } from './messages';

/** What an event is about. */
export const ORDER_EVENT_TYPES = ['STATUS_CHANGED', 'SHIPMENT_CHANGED', 'PAYMENT_CHANGED', 'RETURN_CHANGED'] as const;
/** One of {@link ORDER_EVENT_TYPES}. */
export type OrderEventType = (typeof ORDER_EVENT_TYPES)[number];

/** Who made it happen. */
export const ACTOR_KINDS = ['CUSTOMER', 'GUEST', 'SUPPORT', 'ADMIN', 'PARTNER', 'SYSTEM'] as const;
/** One of {@link ACTOR_KINDS}. */
export type ActorKind = (typeof ACTOR_KINDS)[number];

/** One event of one order. Its position in the log is given later: see event-log.ts. */
@Entity('order_event')
export class OrderEventEntity {
  @PrimaryColumn({ name: 'order_id', type: 'uuid' })
  orderId!: string;

  /** 1, 2, 3, … of its order. */
  @PrimaryColumn('integer')
  sequence!: number;

  @Column('text')
  type!: OrderEventType;

  /** The order's status after it. */
  @Column('text')
  status!: OrderStatus;

  @Column({ name: 'occurred_at', type: 'timestamptz', precision: 3 })
  occurredAt!: Date;

  @Column({ name: 'actor_kind', type: 'text' })
  actorKind!: ActorKind;

  @Column({ name: 'actor_id', type: 'uuid', nullable: true })
  actorId!: string | null;

  /** Sealed: people may write anything. */
  @Column({ type: 'text', nullable: true })
  reason!: string | null;
}
