import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An event of this subgraph, written with the change that caused it and kept until it is published, then until it is pruned. */
@Entity('outbox')
export class OutboxRow {
  /** The event's id. */
  @PrimaryColumn('uuid')
  id!: string;

  /** Order of writing, given by the database; the order of publishing within an aggregate. */
  @Column({ type: 'bigint', generated: 'identity', insert: false, update: false })
  position!: string;

  @Column('text')
  name!: string;

  @Column('integer')
  version!: number;

  @Column({ name: 'aggregate_id', type: 'text' })
  aggregateId!: string;

  @Column({ name: 'aggregate_version', type: 'integer' })
  aggregateVersion!: number;

  @Column({ name: 'occurred_at', type: 'timestamptz', precision: 3 })
  occurredAt!: Date;

  @Column('text')
  cause!: string;

  @Column({ type: 'text', nullable: true })
  trace!: string | null;

  @Column('jsonb')
  payload!: unknown;

  /** When the bus had it for certain; null: still to be published. */
  @Column({ name: 'published_at', type: 'timestamptz', precision: 3, nullable: true })
  publishedAt!: Date | null;
}
