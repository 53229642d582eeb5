import { ArgsType, Directive, Field, ID, ObjectType, registerEnumType } from 'type-graphql';
import { connectionType, PageArgs } from '../../../platform/graph/connection';
import { DateTime } from '../../../platform/graph/scalars';
import { toId, type IdPrefix } from '../../../platform/ids';
import { User } from '../user.type';
import type { AuditFilter, AuditRow } from './list-audit-log';

/** The enum `AuditActorKind` of the graph; its values are what rows say, in capitals. */
export const AuditActorKindEnum = {
  ANONYMOUS: 'anonymous',
  GUEST: 'guest',
  USER: 'user',
  CLIENT: 'client',
  SERVICE: 'service',
} as const;
registerEnumType(AuditActorKindEnum, {
  name: 'AuditActorKind',
  description: 'What somebody was who did something. Values may be added.',
  valuesConfig: {
    ANONYMOUS: { description: 'Nobody in particular.' },
    GUEST: { description: 'A guest, by the token of a cart or order.' },
    USER: { description: 'Somebody with an account.' },
    CLIENT: { description: 'An API client of a partner.' },
    SERVICE: { description: 'A part of the shop.' },
  },
});

const PREFIXES: Partial<Record<AuditRow['actorKind'], IdPrefix>> = { user: 'user', client: 'api', guest: 'cart' };

/** An entry of the audit log. */
@Directive('@tag(name: "staff")')
@ObjectType({
  description: 'Who did what, to what, when. Entries are never changed: each is chained to the one before.',
})
export class AuditEntry {
  @Field(() => AuditActorKindEnum, { description: 'What the actor is.' })
  actorKind!: AuditRow['actorKind'];

  @Field(() => ID, {
    nullable: true,
    description:
      'Who did it: id of a user, API client or cart, or the name of a service; null for nobody in particular.',
  })
  actorId?: string | null;

  @Field(() => User, { nullable: true, description: 'The user who did it, if it was one.' })
  actor?: User | null;

  @Field(() => String, { description: 'What was done: verb and noun, e.g. `login`, `adjustStock`, `createRefund`.' })
  action!: string;

  @Field(() => ID, { nullable: true, description: 'Id of what it was done to.' })
  target?: string | null;

  @Field(() => DateTime, { description: 'When it was done.' })
  occurredAt!: Date;

  @Field(() => String, { description: 'The request it was done in; logs have it too.' })
  requestId!: string;

  @Field(() => String, { description: 'SHA-256 over this entry and the hash of the one before.' })
  hash!: string;

  /** From a row. */
  static of({ actorKind, actorId, action, target, time, requestId, hash }: AuditRow): AuditEntry {
    const prefix = PREFIXES[actorKind];
    const id = actorId !== null && prefix ? toId(prefix, actorId) : actorId;
    const actor = actorKind === 'user' && id !== null ? { id } : null;
    return { actorKind, actorId: id, actor, action, target, occurredAt: time, requestId, hash };
  }
}

/** Pages of the log. */
export const AuditEntryConnection = connectionType(AuditEntry, 'AuditEntry', 'entries of the audit log');

/** Arguments of `auditLog`. */
@ArgsType()
export class AuditLogArgs extends PageArgs implements AuditFilter {
  @Field(() => ID, { nullable: true, description: 'Only what this user, API client, guest or service did.' })
  actorId?: string | null;

  @Field(() => String, { nullable: true, description: 'Only this action, e.g. `updateUserRole`.' })
  action?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Only what was done then or later.' })
  from?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Only what was done before that.' })
  to?: string | null;
}
