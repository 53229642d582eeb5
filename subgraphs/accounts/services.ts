/** What accounts has beside the common services. */
import type { GraphContext, Services } from '../../platform/subgraph';
import type { Brake } from './brake/brake';
import type { Passwords } from './passwords';

/** Services of the accounts subgraph. */
export interface AccountsServices extends Services {
  /** Hashes and checks passwords, a few at a time. */
  passwords: Passwords;
  /** Counts wrong passwords and tokens, and refuses to check more than a few. */
  brake: Brake;
}

/** What a use case is told of the request, beside who asks. */
export type ClientRequest = Pick<GraphContext, 'requestId' | 'clientAddress'>;
