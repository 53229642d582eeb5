/** Lives of tokens, and what to do with a refresh token that somebody brings. */
import type { Sealer } from '../../platform/seal';

/** Life of an access token, in milliseconds. Whoever asks nobody believes it that long, even when its session has ended. */
export const ACCESS_TOKEN_MS = 3_600_000;
/** Life of a refresh token, and so of a session nobody uses, in milliseconds: 30 days. */
export const REFRESH_TOKEN_MS = 30 * 86_400_000;
/** Sessions one can have; the one longest unused ends when another begins. */
export const MAX_SESSIONS = 100;
/** How long a used refresh token still gives its successor, in milliseconds: the answer may have been lost on the way. */
export const REPEAT_MS = 10_000;

/** `rotate`: exchange it. `repeat`: the same successor again. `refuse`: it is void. `revoke`: it was stolen, or its successor. */
export type RefreshVerdict = 'rotate' | 'repeat' | 'refuse' | 'revoke';

/** Judges a known refresh token. `sessionEnded`: its session is over, for whatever reason. */
export function judgeRefresh(
  token: { expiresAt: Date; usedAt: Date | null },
  sessionEnded: boolean,
  now: Date,
): RefreshVerdict {
  if (sessionEnded || token.expiresAt <= now) return 'refuse';
  if (token.usedAt === null) return 'rotate';
  return now.getTime() - token.usedAt.getTime() <= REPEAT_MS ? 'repeat' : 'revoke';
}

/**
 * The token that follows: derived, so that the old one can give it again while only hashes are stored. It takes the old token,
 * the nonce in its row and the server's key together: the database alone gives nobody a token, and neither does an old token.
 */
export function successorOf(sealer: Sealer, token: string, nonce: string): string {
  return sealer.blindIndex(`refresh token ${nonce} ${token}`);
}
