/** The payments subgraph with Stripe as its provider. */
import { payments } from '../../subgraphs/payments';
import type { StripeStandIn } from './stripe-stand-in';
import { startSubgraph, type SubgraphUnderTest } from './subgraph';

/** Starts it on a fresh database, over a stand-in. */
export function startPaymentsOver(stripe: StripeStandIn): Promise<SubgraphUnderTest> {
  const { apiKey, webhookSecret, url: apiBase } = stripe;
  return startSubgraph({
    ...payments,
    start: (base) => {
      const config = { ...base.config, paymentProvider: 'stripe' as const, stripe: { apiKey, webhookSecret, apiBase } };
      return payments.start({ ...base, config });
    },
  });
}
