/** What accounts has beside the common services. */
import type { Services } from '../../platform/subgraph';
import type { Passwords } from './passwords';

/** Services of the accounts subgraph. */
export interface AccountsServices extends Services {
  /** Hashes and checks passwords, a few at a time. */
  passwords: Passwords;
}
