/** How many requests whom: a bucket for each user, API client, or, of those who are nobody, network address. */
import type { Principal, UserPrincipal } from '../../platform/auth/principal';
import type { Config, RateTier } from '../../platform/config';
import { Fault } from '../../platform/errors';
import type { Limiter, Verdict } from '../../platform/limiter/limiter';
import type { Sealer } from '../../platform/seal';

/** Tokens each door takes before it looks at what is asked: what is refused costs that, too. */
export const AT_THE_DOOR = 1;
/** Cost that one token pays for. */
const COST_OF_TOKEN = 100;

/** Rates as admins set them. */
const TIERS = { STANDARD: 'signedIn', PREMIUM: 'premium', PARTNER: 'partner' } as const;

/** A verdict and the caller's bucket, for the headers. */
export interface RateVerdict extends Verdict {
  burst: number;
  perHour: number;
}

/** Who asks, and from where. */
export interface Caller {
  principal: Principal;
  /** Network address (of IPv6 the /64); undefined where it is not known. */
  clientAddress?: string;
}

/** Counts requests. */
export class Rates {
  constructor(
    private readonly limiter: Limiter,
    private readonly rates: NonNullable<Config['rates']>,
    private readonly sealer: Sealer,
  ) {}

  /** Takes tokens from the caller's bucket. */
  async take(caller: Caller, tokens: number): Promise<RateVerdict> {
    const { tier, key } = this.bucketOf(caller);
    const bucket = this.rates[tier];
    return { ...(await this.limiter.take(key, tokens, bucket)), ...bucket };
  }

  private bucketOf({ principal, clientAddress = '' }: Caller): { tier: RateTier; key: string } {
    switch (principal.kind) {
      case 'user':
        return { tier: tierOf(principal), key: `user:${principal.id}` };
      case 'client':
        return { tier: TIERS[principal.rateTier], key: `client:${principal.id}` };
      default:
        // An address is personal, and there are so few that a hash without a key could be guessed back.
        return { tier: 'anonymous', key: `address:${this.sealer.blindIndex(clientAddress)}` };
    }
  }
}

/** Tokens of an operation of this cost. */
export function tokensOf(cost: number): number {
  return Math.max(1, cost / COST_OF_TOKEN);
}

/** The error of a refused request. */
export function rateFault({ retrySeconds }: RateVerdict): Fault {
  return new Fault('RATE_LIMIT_EXCEEDED', undefined, { retryAfter: retrySeconds });
}

/** Headers that say how the bucket stands (draft-ietf-httpapi-ratelimit-headers, in its form with three headers). */
export function rateHeaders(verdict: RateVerdict): Record<string, string> {
  const { allowed, burst, perHour, remaining, resetSeconds, retrySeconds } = verdict;
  return {
    'ratelimit-limit': String(burst),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(resetSeconds),
    'ratelimit-policy': `${perHour};w=3600;burst=${burst}`,
    ...(!allowed && { 'retry-after': String(retrySeconds) }),
  };
}

/** A partner has a partner's rate, whatever was set. */
function tierOf({ role, rateTier = 'STANDARD' }: UserPrincipal): RateTier {
  return role === 'PARTNER' ? 'partner' : TIERS[rateTier];
}
