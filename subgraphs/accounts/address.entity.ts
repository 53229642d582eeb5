import { Column, Entity, PrimaryColumn } from 'typeorm';
import { sealedColumn } from '../../platform/seal';

/** A postal address somebody keeps. */
@Entity('address')
export class AddressRow {
  @PrimaryColumn('uuid')
  id!: string;

  @Column({ name: 'account_id', type: 'uuid' })
  accountId!: string;

  /** AddressValue as JSON; sealed. */
  @Column({ type: 'text', transformer: sealedColumn() })
  address!: string;

  /** At most one for each account. */
  @Column({ name: 'is_default', type: 'boolean' })
  isDefault!: boolean;
}
