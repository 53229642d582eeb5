import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { RateTier, Role } from '../../platform/auth/principal';
import { sealedColumn } from '../../platform/seal';

/** Somebody's account; the graph calls it User. */
@Entity('account')
export class Account {
  @PrimaryColumn('uuid')
  id!: string;

  /** As it was typed; sealed. */
  @Column({ type: 'text', transformer: sealedColumn() })
  email!: string;

  /** What the account is found by, and what makes the address unique: see {@link emailIndex}. */
  @Column({ name: 'email_index', type: 'text' })
  emailIndex!: string;

  /** argon2id in PHC string format. */
  @Column({ name: 'password_hash', type: 'text' })
  passwordHash!: string;

  @Column({ name: 'first_name', type: 'text', nullable: true, transformer: sealedColumn() })
  firstName!: string | null;

  @Column({ name: 'last_name', type: 'text', nullable: true, transformer: sealedColumn() })
  lastName!: string | null;

  @Column('text')
  role!: Role;

  @Column({ name: 'rate_tier', type: 'text', default: 'STANDARD' })
  rateTier!: RateTier;

  @Column({ name: 'email_verified', type: 'boolean', default: false })
  emailVerified!: boolean;

  /** Since when it is suspended: it has no sessions and gets none. Null: it is not. */
  @Column({ name: 'suspended_at', type: 'timestamptz', precision: 3, nullable: true })
  suspendedAt!: Date | null;

  /** Why, for staff; sealed. */
  @Column({ name: 'suspension_reason', type: 'text', nullable: true, transformer: sealedColumn() })
  suspensionReason!: string | null;

  /** Rises with each change that others are told of: the aggregate version of its events. */
  @Column({ type: 'integer', default: 1 })
  version!: number;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;
}
