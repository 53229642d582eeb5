import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An event that a queue's consumer has applied, written in the transaction of its effect: the event is dropped if it comes again. */
@Entity('inbox')
export class InboxRow {
  @PrimaryColumn('text')
  queue!: string;

  @PrimaryColumn({ name: 'event_id', type: 'uuid' })
  eventId!: string;

  @Column({ name: 'received_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  receivedAt!: Date;
}
