import type { Services } from '../../platform/subgraph';
import { withTimeLimit, type PaymentProvider } from './provider/provider';
import { createSandbox } from './provider/sandbox';

/** How long a provider may take to answer, in milliseconds: less than a buyer's patience and the checkout's budget. */
const PROVIDER_LIMIT_MS = 1_000;

/** What the payments subgraph has besides the common services. */
export interface PaymentServices extends Services {
  provider: PaymentProvider;
}

/** Adds the provider that the settings name. */
export function withProvider(services: Services): PaymentServices {
  return { ...services, provider: withTimeLimit(createSandbox(services.db), PROVIDER_LIMIT_MS) };
}
