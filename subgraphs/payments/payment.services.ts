import { ConfigError } from '../../platform/config';
import type { Services } from '../../platform/subgraph';
import { referencesIn } from './payment.references';
import type { PaymentProvider } from './provider/provider';
import { resilient } from './provider/resilient';
import { createSandbox } from './provider/sandbox';
import { createStripe } from './provider/stripe';

/**
 * How long an authorization at Stripe may take, in milliseconds: it is two or three requests, each some hundred away. Less than
 * the 2,000 that a buyer's order waits for it.
 */
const STRIPE_MS = 1_800;

/** What the payments subgraph has besides the common services. */
export interface PaymentServices extends Services {
  provider: PaymentProvider;
}

/** Adds the provider that the settings name. */
export function withProvider(services: Services): PaymentServices {
  return { ...services, provider: resilient(providerOf(services), services.config.stripe && { limitMs: STRIPE_MS }) };
}

/** Throws ConfigError when its settings are not there. */
function providerOf({ config, db }: Services): PaymentProvider {
  const { stripe, sandbox, publicUrl } = config;
  if (stripe) return createStripe({ ...stripe, returnUrl: publicUrl, references: referencesIn(db) });
  const { url, webhookSecret } = sandbox;
  if (url === undefined || webhookSecret === undefined) {
    throw new ConfigError(['SANDBOX_URL: required when PAYMENT_PROVIDER is sandbox']);
  }
  return createSandbox({ url, webhookSecret });
}
