/**
 * The one place, for all transports, that says which text a request means and whether its caller may run it: by id, by hash,
 * or by the text itself. Before anything is parsed.
 */
import { Fault } from '../../platform/errors';
import type { Principal } from '../../platform/auth/principal';
import type { Limiter } from '../../platform/limiter/limiter';
import { askedOperation, sha256, type AskedOperation, type OperationFields } from './asked-operation';
import type { AutomaticDocuments } from './automatic-documents';
import type { OperationRegistry, RegisteredOperation } from './operation-registry';
import type { OperationUses } from './operation-uses';

/** The text that a request means. Whether its caller may run it is said by {@link PersistedOperations.admit}. */
export interface FoundOperation {
  text: string;
  asked: AskedOperation;
  /** Set if the text is registered, in whatever way it was asked for. */
  registered?: RegisteredOperation;
}

/** What it works with. */
export interface PersistedOperationsOptions {
  registry: OperationRegistry;
  automatic: AutomaticDocuments;
  uses: OperationUses;
  /** Counts runs of operations that have a budget; without it they have none. */
  limiter?: Limiter;
}

/** Finds and admits operations. */
export class PersistedOperations {
  constructor(private readonly options: PersistedOperationsOptions) {}

  /**
   * The text; undefined if the request names no operation at all. Rejects with Fault INVALID_REQUEST for what contradicts
   * itself (a wrong hash), PERSISTED_QUERY_NOT_FOUND for what nobody knows, SERVICE_UNAVAILABLE for an id of which
   * that cannot be said yet.
   */
  async find(fields: OperationFields): Promise<FoundOperation | undefined> {
    const asked = askedOperation(fields);
    if (asked === undefined) return undefined;
    const { registry, automatic } = this.options;
    if (asked.kind === 'text') return { text: asked.text, asked, registered: registry.byHash(asked.hash) };
    const registered = asked.kind === 'id' ? registry.byId(asked.id) : registeredAs(registry, asked.hash);
    if (registered) return { text: registered.body, asked, registered };
    if (asked.kind === 'id') throw new Fault(registry.known() ? 'PERSISTED_QUERY_NOT_FOUND' : 'SERVICE_UNAVAILABLE');
    const text = await automatic.find(asked.hash);
    // Also when the registry cannot be asked: whoever has the text sends it now.
    if (text === undefined) throw new Fault('PERSISTED_QUERY_NOT_FOUND');
    // What is retired may be switched off all the same.
    return { text, asked, registered: registry.byHash(asked.hash) };
  }

  /**
   * Lets the caller run it, or rejects: FORBIDDEN for a text that is not registered for a caller of registered operations only,
   * PERSISTED_QUERY_NOT_FOUND for a hash or id that is not; FORBIDDEN for what is switched off; RATE_LIMIT_EXCEEDED for a
   * budget that is used up.
   */
  async admit({ asked, text, registered }: FoundOperation, principal: Principal): Promise<void> {
    const { automatic, uses } = this.options;
    this.requireRegistered(asked, registered, principal);
    if (registered?.killed) throw switchedOff();
    if (registered) {
      await this.spend(registered, principal);
      uses.count(registered.hash);
    }
    if (asked.kind === 'text' && asked.remember) await automatic.remember(asked.hash, text);
  }

  /** Both at once: the text that the caller may run. Rejects as the two do. */
  async textFor(fields: OperationFields, principal: Principal): Promise<string | undefined> {
    const found = await this.find(fields);
    if (found) await this.admit(found, principal);
    return found?.text;
  }

  /** Calls `listener` with the Fault when the operation of this text is switched off. Returns the function that ends that. */
  whenSwitchedOff(text: string, listener: (why: Fault) => void): () => void {
    return this.options.registry.whenSwitchedOff(sha256(text), () => listener(switchedOff()));
  }

  private requireRegistered(
    asked: AskedOperation,
    registered: RegisteredOperation | undefined,
    principal: Principal,
  ): void {
    if (principal.kind !== 'client') return;
    const { registry } = this.options;
    // Nobody can say whether this caller may send what it likes.
    if (!registry.known()) throw new Fault('SERVICE_UNAVAILABLE');
    const client = registry.clientOf(principal.id);
    if (!client?.safelist || registered?.clients.includes(client.name)) return;
    if (asked.kind !== 'text') throw new Fault('PERSISTED_QUERY_NOT_FOUND');
    throw new Fault('FORBIDDEN', 'You run registered operations only.', { reason: 'OPERATION_NOT_REGISTERED' });
  }

  private async spend({ hash, budgetPerMinute }: RegisteredOperation, principal: Principal): Promise<void> {
    const { limiter } = this.options;
    if (budgetPerMinute === null || !limiter) return;
    const bucket = { burst: budgetPerMinute, perHour: budgetPerMinute * 60 };
    // A text is no secret: strangers who run it must not use up what a partner's program has.
    const whose = principal.kind === 'client' ? `:${principal.id}` : '';
    const { allowed, retrySeconds } = await limiter.take(`operation:${hash}${whose}`, 1, bucket);
    if (allowed) return;
    throw new Fault('RATE_LIMIT_EXCEEDED', 'This operation has run too often. Try again later.', {
      retryAfter: retrySeconds,
    });
  }
}

function switchedOff(): Fault {
  return new Fault('FORBIDDEN', 'This operation has been switched off.', { reason: 'OPERATION_SWITCHED_OFF' });
}

/** By its hash while somebody has it, or by an id in its place. */
function registeredAs(registry: OperationRegistry, hash: string): RegisteredOperation | undefined {
  const found = registry.byHash(hash);
  return found && found.ids.length > 0 ? found : registry.byId(hash);
}
