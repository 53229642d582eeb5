/** What stands between the shop and a provider that is slow, failing or gone: a time limit, retries of look-ups, a circuit breaker. */
import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  ExponentialBackoff,
  handleType,
  retry,
  SamplingBreaker,
  TaskCancelledError,
  timeout,
  TimeoutStrategy,
} from 'cockatiel';
import { Gauge, Histogram } from 'prom-client';
import { ProviderUnavailable, type PaymentProvider } from './provider';

const open = new Gauge({
  name: 'souk_payment_circuit_open',
  help: 'Whether calls to the payment provider are refused at once because it keeps failing (1) or not (0).',
  labelNames: ['provider'],
});
const authorizationSeconds = new Histogram({
  name: 'souk_payment_authorization_seconds',
  help: 'Time until the provider answered an authorization, by outcome (unavailable: it did not).',
  labelNames: ['provider', 'outcome'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
});

/** How long a provider may take to answer, in milliseconds: less than a buyer's patience and the checkout's budget. */
export const PROVIDER_LIMIT_MS = 1_000;

/** Settings of the circuit breaker; tests use shorter ones. */
export interface Resilience {
  /** A call, with its retries, takes no longer than this. */
  limitMs: number;
  /** Over which time calls are counted. */
  sampleMs: number;
  /** How long an open circuit refuses calls before it lets one through to see. */
  openMs: number;
}

const DEFAULTS: Resilience = { limitMs: PROVIDER_LIMIT_MS, sampleMs: 10_000, openMs: 3_000 };
/** Share of failed calls above which the circuit opens: a provider that is bad, not one that has a bad moment. */
const BAD_SHARE = 0.75;
/** Fewer calls than this within the sample say nothing. */
const FEWEST_CALLS = 5;

/**
 * Wraps a provider. A call that takes too long, fails, or comes while the circuit is open throws {@link ProviderUnavailable}; a
 * decline is an answer like any other. Look-ups are tried up to three times within the limit. What moves money is tried once:
 * its caller keeps a row that says so, looks up what became of it, and only then sends the same key again.
 */
export function resilient(provider: PaymentProvider, settings: Partial<Resilience> = {}): PaymentProvider {
  const { limitMs, sampleMs, openMs } = { ...DEFAULTS, ...settings };
  // Any other error is a defect of ours and says nothing about the provider.
  const outage = handleType(ProviderUnavailable).orType(TaskCancelledError);
  const minimumRps = (FEWEST_CALLS * 1_000) / sampleMs;
  const breaker = circuitBreaker(outage, {
    halfOpenAfter: openMs,
    breaker: new SamplingBreaker({ threshold: BAD_SHARE, duration: sampleMs, minimumRps }),
  });
  open.set({ provider: provider.name }, 0);
  breaker.onStateChange((state) => open.set({ provider: provider.name }, state === CircuitState.Closed ? 0 : 1));
  const limit = timeout(limitMs, TimeoutStrategy.Aggressive);
  // With jitter, by default.
  const backoff = new ExponentialBackoff({ initialDelay: 50, maxDelay: limitMs / 4 });
  const again = retry(outage, { maxAttempts: 2, backoff });

  // The breaker outside the limit: a late answer is a failure, whatever it turns out to say. Not by the library's wrap(), which
  // hands one signal on to all calls: many at once then look like a leak of listeners.
  const once = <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    breaker.execute(() => limit.execute(({ signal }) => work(signal))).catch(unavailable);
  const upToThrice = <T>(work: () => Promise<T>): Promise<T> => once((signal) => again.execute(work, signal));
  return {
    name: provider.name,
    async authorize(request) {
      const end = authorizationSeconds.startTimer({ provider: provider.name });
      try {
        const answer = await once(() => provider.authorize(request));
        end({ outcome: answer.outcome });
        return answer;
      } catch (error) {
        end({ outcome: 'unavailable' });
        throw error;
      }
    },
    find: (key) => upToThrice(() => provider.find(key)),
    takenSince: (from) => upToThrice(() => provider.takenSince(from)),
    capture: (reference) => once(() => provider.capture(reference)),
    void: (reference) => once(() => provider.void(reference)),
    refund: (request) => once(() => provider.refund(request)),
    saveCard: (request) => once(() => provider.saveCard(request)),
    forgetCard: (reference) => once(() => provider.forgetCard(reference)),
    readNotice: (body, headers, now) => provider.readNotice(body, headers, now),
  };
}

/** The limit and the open circuit in the port's words. */
function unavailable(error: unknown): never {
  // By class: the library's own test for the first of them never holds.
  const ours = error instanceof TaskCancelledError || error instanceof BrokenCircuitError;
  throw ours ? new ProviderUnavailable({ cause: error }) : error;
}
