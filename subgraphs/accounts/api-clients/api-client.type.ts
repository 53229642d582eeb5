/** API clients as clients see them. */
import { Directive, Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import type { RateTier } from '../../../platform/auth/principal';
import { connectionType } from '../../../platform/graph/connection';
import { DateTime } from '../../../platform/graph/scalars';
import { Payload } from '../../../platform/graph/user-errors';
import { toId } from '../../../platform/ids';
import type { Sealer } from '../../../platform/seal';
import { RateTierEnum, User } from '../user.type';
import type { ApiClientRow } from './api-client.rows';
import type { NewKey } from './create-api-client';
import type { RotatedKey } from './rotate-api-client-key';

/** An API client. */
@ObjectType({ description: "A partner's program. It gets access tokens at `/oauth/token` with its id and its key." })
export class ApiClient {
  @Field(() => ID, { description: 'Global id, `api_…`; `client_id` at `/oauth/token`.' })
  id!: string;

  @Field(() => String, { description: 'What its owner calls it.' })
  name!: string;

  @Field(() => User, { description: 'The partner whose it is.' })
  owner!: User;

  @Field(() => [String], {
    description: 'What it may do: `orders:read`, `orders:write`. The catalogue needs no scope.',
  })
  scopes!: string[];

  @Field(() => RateTierEnum, { description: 'How many requests it has; set by admins.' })
  rateTier!: RateTier;

  @Field(() => DateTime, { description: 'When it was made.' })
  createdAt!: Date;

  @Field(() => DateTime, {
    nullable: true,
    description: 'The hour in which it last got a token; null while it has not yet.',
  })
  lastUsedAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'When it was revoked; null while it is good.' })
  revokedAt!: Date | null;

  /** From its row. */
  static of(row: ApiClientRow, sealer: Sealer): ApiClient {
    const owner = Object.assign(new User(), { id: toId('user', row.ownerId) });
    return Object.assign(new ApiClient(), row, { id: toId('api', row.id), owner, name: sealer.open(row.name) });
  }
}

/** Pages of API clients. */
export const ApiClientConnection = connectionType(ApiClient, 'ApiClient', 'API clients');

/** Input of `createApiClient`. */
@InputType({ description: 'A new API client.' })
export class CreateApiClientInput {
  @Field(() => String, { description: 'What to call it; up to 200 characters.' })
  name!: string;

  @Field(() => [String], { nullable: true, description: 'What it may do; all there is when absent.' })
  scopes?: string[] | null;
}

/** Input of `rotateApiClientKey`. */
@InputType({ description: 'Which API client gets a new key.' })
export class RotateApiClientKeyInput {
  @Field(() => ID, { description: 'The API client.' })
  id!: string;

  @Field(() => Int, {
    nullable: true,
    description: 'Hours for which its old keys stay good, 0 to 168; 24 when absent.',
  })
  overlapHours?: number | null;
}

/** Input of `revokeApiClient`. */
@InputType({ description: 'Which API client is to end.' })
export class RevokeApiClientInput {
  @Field(() => ID, { description: 'The API client.' })
  id!: string;
}

/** Input of `updateApiClient`. */
@Directive('@tag(name: "staff")')
@InputType({ description: 'What an API client may use.' })
export class UpdateApiClientInput {
  @Field(() => ID, { description: 'The API client.' })
  id!: string;

  @Field(() => RateTierEnum, { description: 'How many requests it has from its next token on.' })
  rateTier!: RateTier;
}

/** The API client that a mutation has left. */
@ObjectType()
abstract class ApiClientPayload extends Payload {
  @Field(() => ApiClient, { nullable: true, description: 'The API client; null when nothing changed.' })
  apiClient?: ApiClient | null;
}

/** Answer of `createApiClient`. */
@ObjectType({ description: 'The new API client with its key.' })
export class CreateApiClientPayload extends ApiClientPayload {
  @Field(() => String, {
    nullable: true,
    description: 'Its key, `souk_live_…`: `client_secret` at `/oauth/token`. Shown this once; keep it as a password.',
  })
  key?: string | null;
}

/** Answer of `rotateApiClientKey`. */
@ObjectType({ description: 'The API client with its new key.' })
export class RotateApiClientKeyPayload extends ApiClientPayload {
  @Field(() => String, { nullable: true, description: 'The new key. Shown this once.' })
  key?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Until when the keys it had are good.' })
  previousKeyExpiresAt?: Date | null;
}

/** Answer of `revokeApiClient`. */
@ObjectType({ description: 'The API client as it ended.' })
export class RevokeApiClientPayload extends ApiClientPayload {}

/** Answer of `updateApiClient`. */
@Directive('@tag(name: "staff")')
@ObjectType({ description: 'The API client as it is now.' })
export class UpdateApiClientPayload extends ApiClientPayload {}

/** A new key as payloads have it, or that there is none. */
export interface ShownKey {
  apiClient: ApiClient | null;
  key: string | null;
  previousKeyExpiresAt: Date | null;
}

/** From what the use cases give. */
export function showKey(made: NewKey | RotatedKey | null, sealer: Sealer): ShownKey {
  if (!made) return { apiClient: null, key: null, previousKeyExpiresAt: null };
  const previousKeyExpiresAt = 'previousKeyExpiresAt' in made ? made.previousKeyExpiresAt : null;
  return { apiClient: ApiClient.of(made.client, sealer), key: made.key, previousKeyExpiresAt };
}
