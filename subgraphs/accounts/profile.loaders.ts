/** Profiles, from the cache or the database, a page of them in one statement. */
import DataLoader from 'dataloader';
import type { RateTier, Role } from '../../platform/auth/principal';
import { defineLoader } from '../../platform/subgraph';
import type { AccountsServices } from './services';

/** A profile as it is cached: what is personal is sealed, for the cache may be a store of its own. */
export interface SealedProfile {
  email: string;
  firstName: string | null;
  lastName: string | null;
  role: Role;
  rateTier: RateTier;
  emailVerified: boolean;
  suspended: boolean;
  suspensionReason: string | null;
  /** ISO 8601. */
  createdAt: string;
}

/** How long a profile is kept, in seconds. */
const PROFILE_SECONDS = 3_600;

/** Under what a profile is cached. The version changes with the shape: two versions of the program share the store during an update. */
export const profileKey = (userId: string): string => `profile:3:${userId}`;

/** A profile by the user's uuid, null if there is none. The caller checks who may see what of it. */
export const profileById = defineLoader<AccountsServices, string, SealedProfile | null>(async (ids, context) => {
  const { cache } = context.services;
  // A loader behind the cache: what it does not have is read in one statement. It waits for the end of the event loop's
  // turn, because the answers of a remote cache do not all come in one microtask.
  const rows = new DataLoader((missing: readonly string[]) => readProfiles(context.services, missing), {
    cache: false,
    batchScheduleFn: (run) => setImmediate(run),
  });
  return Promise.all(
    ids.map(async (id) => (await cache.through(profileKey(id), PROFILE_SECONDS, () => rows.load(id))) ?? null),
  );
});

/** Forgets a changed profile, after the commit. */
export async function forgetProfile(services: AccountsServices, userId: string): Promise<void> {
  await services.cache.forget(profileKey(userId));
}

/** `undefined` for unknown ones, which are not cached: somebody may be registered under that id a moment later. */
async function readProfiles(
  services: AccountsServices,
  ids: readonly string[],
): Promise<(SealedProfile | undefined)[]> {
  const rows = await services.db.rows<{ id: string } & Omit<SealedProfile, 'createdAt'> & { createdAt: Date }>(
    `SELECT id, email, first_name AS "firstName", last_name AS "lastName", role, rate_tier AS "rateTier", email_verified AS "emailVerified",
            suspended_at IS NOT NULL AS suspended, suspension_reason AS "suspensionReason", created_at AS "createdAt"
     FROM account WHERE id = ANY($1)`,
    [ids],
  );
  const byId = new Map(
    rows.map(({ id, createdAt, ...profile }) => [id, { ...profile, createdAt: createdAt.toISOString() }]),
  );
  return ids.map((id) => byId.get(id));
}
