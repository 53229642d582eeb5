/** Who asks in the matrix of access: its columns. */
import { randomUUID } from 'node:crypto';
import {
  ANONYMOUS,
  principalSchema,
  SCOPES,
  type Principal,
  type Role,
  type Scope,
} from '../../platform/auth/principal';
import { fromId } from '../../platform/ids';
import type { Doors, Json } from './doors';

/** Columns of the table, in its order. `client` is an API client of the partner's; `reader` and `writer`: with one scope only. */
export const CALLERS = [
  'nobody', 'wrong', 'guest', 'customer', 'stranger', 'partner', 'rival', 'client', 'reader', 'writer', 'support', 'admin',
] as const; // prettier-ignore
/** One of {@link CALLERS}. `wrong`: a guest with a token of nothing; `rival`: another partner. */
export type CallerName = (typeof CALLERS)[number];

/** Whether it is the API client, with whatever scopes. */
export const isClient = (name: CallerName): boolean => ['client', 'reader', 'writer'].includes(name);

/** Somebody who asks. */
export interface Caller {
  name: CallerName;
  /** Access token; absent for those without a session. */
  bearer?: string;
  /** As whom the gateway would let them through to a subgraph. */
  principal: Principal;
}

/** A caller with an account. */
export interface Person extends Caller {
  bearer: string;
  userId: string;
  email: string;
  sessionId: string;
}

/** Whether the caller has an account. */
export const isPerson = (caller: Caller): caller is Person => 'email' in caller;

/** Password of everybody in the matrix, and the one they change it to. */
export const PASSWORD = 'a password for the matrix';
export const NEW_PASSWORD = `another ${PASSWORD}`;

/** Nobody, or a guest with whatever token. */
export const withoutSession = (name: CallerName): Caller => ({ name, principal: ANONYMOUS });

/** Registers somebody under the role; `admin` gives it. */
export async function person(doors: Doors, name: CallerName, role: Role, admin?: Caller): Promise<Person> {
  const email = `${name}-${randomUUID()}@matrix.example`;
  const input = { email, password: PASSWORD, firstName: `First ${name}`, lastName: `Last ${name}` };
  const register = 'mutation ($input: RegisterInput!) { result: register(input: $input) { user { id } } }';
  await doors.must(withoutSession(name), register, { input });
  const made = await logIn(doors, name, email, PASSWORD);
  return role === 'CUSTOMER' || !admin ? made : promote(doors, made, role, admin);
}

/** Gives somebody a role, and the session that has it. */
export async function promote(
  doors: Doors,
  who: Person,
  role: Role,
  admin: Caller,
  password = PASSWORD,
): Promise<Person> {
  const change = 'mutation ($input: UpdateUserRoleInput!) { result: updateUserRole(input: $input) { user { id } } }';
  await doors.must(admin, change, { input: { userId: who.userId, role } });
  return logIn(doors, who.name, who.email, password);
}

/** Signs in. */
export async function logIn(doors: Doors, name: CallerName, email: string, password: string): Promise<Person> {
  const text =
    'mutation ($input: LoginInput!) { result: login(input: $input) { session { accessToken } user { id role } } }';
  const { session, user } = await doors.must(withoutSession(name), text, { input: { email, password } });
  const { accessToken: bearer } = session as { accessToken: string };
  const { id: userId, role } = user as { id: string; role: Role };
  const { sid } = claimsOf(bearer);
  const principal: Principal = { kind: 'user', id: fromId('user', userId)!, role, sessionId: String(sid) };
  return { name, bearer, principal, userId, email, sessionId: String(sid) };
}

/** The same API client with one of its scopes. */
export function withScope(name: CallerName, { principal }: Caller, scope: Scope): Caller {
  return { name, principal: principalSchema.parse({ ...principal, scopes: [scope] }) };
}

/** A new API client of a partner, with its token; gives its public id and key, too. */
export async function apiClient(
  doors: Doors,
  partner: Caller,
  name = 'Matrix',
): Promise<{ caller: Caller; id: string; key: string }> {
  const text =
    'mutation ($input: CreateApiClientInput!) { result: createApiClient(input: $input) { key apiClient { id } } }';
  const made = await doors.must(partner, text, { input: { name, scopes: [...SCOPES] } });
  const { id } = made['apiClient'] as { id: string };
  const response = await fetch(`${doors.shop.url}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${String(made['key'])}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  const { access_token: bearer } = (await response.json()) as { access_token: string };
  const { sub, owner, key, tier } = claimsOf(bearer);
  const principal = principalSchema.parse({ kind: 'client', id: sub, ownerId: owner, keyId: key, scopes: [...SCOPES], rateTier: tier }); // prettier-ignore
  return { caller: { name: 'client', bearer, principal }, id, key: String(made['key']) };
}

const claimsOf = (token: string): Json =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Json;
