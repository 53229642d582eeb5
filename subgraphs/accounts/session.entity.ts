import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Why a session is over. */
export type SessionEnd =
  'logout' | 'logoutEverywhere' | 'reuse' | 'suspended' | 'passwordChanged' | 'revoked' | 'tooMany';

/** A session: what one log-in began, and the family of all refresh tokens that came of it. */
@Entity('session')
export class SessionRow {
  @PrimaryColumn('uuid')
  id!: string;

  @Column({ name: 'account_id', type: 'uuid' })
  accountId!: string;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  /** When its tokens were last renewed. */
  @Column({ name: 'last_used_at', type: 'timestamptz', precision: 3 })
  lastUsedAt!: Date;

  /** When its newest refresh token expires. */
  @Column({ name: 'expires_at', type: 'timestamptz', precision: 3 })
  expiresAt!: Date;

  @Column({ name: 'ended_at', type: 'timestamptz', precision: 3, nullable: true })
  endedAt!: Date | null;

  @Column({ name: 'end_reason', type: 'text', nullable: true })
  endReason!: SessionEnd | null;
}

/** A refresh token: only its hash. A used one stays until it expires, so that its reuse is noticed. */
@Entity('refresh_token')
export class RefreshTokenRow {
  /** hashSecretToken(token). */
  @PrimaryColumn('text')
  hash!: string;

  @Column({ name: 'session_id', type: 'uuid' })
  sessionId!: string;

  @Column({ name: 'expires_at', type: 'timestamptz', precision: 3 })
  expiresAt!: Date;

  /** When it was exchanged for its successor; null: it is the session's current one. */
  @Column({ name: 'used_at', type: 'timestamptz', precision: 3, nullable: true })
  usedAt!: Date | null;

  /** Random; part of what its successor is derived from. */
  @Column({ type: 'text' })
  nonce!: string;
}
