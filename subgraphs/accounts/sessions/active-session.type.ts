import { Field, ID, InputType, ObjectType } from 'type-graphql';
import type { Principal } from '../../../platform/auth/principal';
import { DateTime } from '../../../platform/graph/scalars';
import { Payload } from '../../../platform/graph/user-errors';
import { toId } from '../../../platform/ids';
import type { ActiveSessionRow } from './active-sessions.loaders';

/** A session as its owner sees it. */
@ObjectType({ description: 'A place where you are signed in.' })
export class ActiveSession {
  @Field(() => ID, { description: 'Id of the session: `sess_…`.' })
  id!: string;

  @Field(() => DateTime, { description: 'When you signed in there.' })
  createdAt!: Date;

  @Field(() => DateTime, { description: 'When its tokens were last renewed; to the hour, in use since.' })
  lastUsedAt!: Date;

  @Field(() => DateTime, { description: 'When it ends by itself if it is not used.' })
  expiresAt!: Date;

  @Field(() => Boolean, { description: 'Whether it is the one that asks.' })
  current!: boolean;

  /** From a row. */
  static of({ id, createdAt, lastUsedAt, expiresAt }: ActiveSessionRow, principal: Principal): ActiveSession {
    const current = principal.kind === 'user' && principal.sessionId === id;
    return { id: toId('sess', id), createdAt, lastUsedAt, expiresAt, current };
  }
}

/** Input of `revokeSession`. */
@InputType({ description: 'A session to end.' })
export class RevokeSessionInput {
  @Field(() => ID, { description: 'Which of your sessions.' })
  sessionId!: string;
}

/** Answer of `revokeSession`. */
@ObjectType({ description: 'The session that was ended.' })
export class RevokeSessionPayload extends Payload {
  @Field(() => ActiveSession, { nullable: true, description: 'The session as it was; null when none was ended.' })
  session?: ActiveSession | null;
}
