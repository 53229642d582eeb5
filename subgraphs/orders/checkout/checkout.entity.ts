/** A checkout's progress, kept so that whoever comes after a crash knows what was asked of whom. */
import { Column, Entity, PrimaryColumn, type ValueTransformer } from 'typeorm';
import { z } from 'zod';
import { sealedColumn } from '../../../platform/seal';
import { quoteCart, type Quote } from '../../cart/messages';
import type { ActorKind } from '../order-event.entity';
import type { CheckoutFacts } from './checkout.rules';

/** The quote on its way into jsonb and back: amounts are bigint in the program and text there. */
const quoteColumn: ValueTransformer = {
  to: (quote: Quote | null | undefined) => quote && z.encode(quoteCart.output, { outcome: 'quoted', quote }),
  from: (stored: unknown) => {
    if (stored == null) return null;
    const answer = z.parse(quoteCart.output, stored);
    return answer.outcome === 'quoted' ? answer.quote : null;
  },
};

/** One attempt to place an order; its id becomes the order's. */
@Entity('checkout')
export class CheckoutEntity implements CheckoutFacts {
  @PrimaryColumn({ name: 'order_id', type: 'uuid' })
  orderId!: string;

  /** Whose idempotency key; see platform/db/idempotency. */
  @Column('text')
  actor!: string;

  @Column('text')
  key!: string;

  @Column({ name: 'request_id', type: 'text' })
  requestId!: string;

  @Column({ name: 'buyer_kind', type: 'text' })
  buyerKind!: ActorKind;

  /** The user's or client's uuid; null for a guest. */
  @Column({ name: 'buyer_id', type: 'uuid', nullable: true })
  buyerId!: string | null;

  /** The uuid of its partner's user, if an API client buys; else null. */
  @Column({ name: 'partner_id', type: 'uuid', nullable: true })
  partnerId!: string | null;

  @Column('text')
  direction!: CheckoutFacts['direction'];

  @Column('text')
  cart!: CheckoutFacts['cart'];

  @Column('text')
  stock!: CheckoutFacts['stock'];

  @Column('text')
  payment!: CheckoutFacts['payment'];

  @Column('boolean')
  placed!: boolean;

  @Column({ name: 'reserved_until', type: 'timestamptz', precision: 3, nullable: true })
  reservedUntil!: Date | null;

  /** JSON of a {@link Draft}; sealed in the database, emptied when nothing is left to do. */
  @Column({ type: 'text', nullable: true, transformer: sealedColumn() })
  draft!: string | null;

  @Column({ type: 'jsonb', nullable: true, transformer: quoteColumn })
  quote!: Quote | null;

  /** How often it was tried since it last made progress. */
  @Column('integer')
  attempts!: number;

  @Column({ name: 'due_at', type: 'timestamptz', precision: 3 })
  dueAt!: Date;

  /** Who works on it; a worker that has lost its lease may no longer write. */
  @Column({ type: 'uuid', nullable: true })
  lease!: string | null;

  @Column({ name: 'leased_until', type: 'timestamptz', precision: 3, nullable: true })
  leasedUntil!: Date | null;

  @Column({ name: 'done_at', type: 'timestamptz', precision: 3, nullable: true })
  doneAt!: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;
}

/** A checkout as it is handed around: values, not an instance. */
export type Checkout = Pick<CheckoutEntity, keyof CheckoutEntity>;

/** What the buyer said that the order needs later. */
export const draftSchema = z.object({
  /** A guest's. */
  email: z.string().nullable(),
  /** Sealed; null: the shipping address. */
  billingAddress: z.string().nullable(),
  note: z.string().nullable(),
  /** The provider's single-use token, or the uuid of a saved payment method: one of them. */
  paymentToken: z.string().nullable(),
  paymentMethodId: z.uuid().nullable().default(null),
});
/** See {@link draftSchema}. */
export type Draft = z.output<typeof draftSchema>;
