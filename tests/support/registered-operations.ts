/** Accounts' registry of operations in memory, for a gateway under test. */
import { createHash } from 'node:crypto';
import type { OperationSource } from '../../gateway/persisted/operation-source';
import { Fault } from '../../platform/errors';
import type { PubSub } from '../../platform/pubsub/pubsub';
import { OPERATIONS_CHANNEL, type OperationChange, type OperationClient } from '../../subgraphs/accounts/messages';

/** The registry of operations, as a test decides it. */
export class TestOperations implements OperationSource {
  /** Set: accounts cannot be reached. */
  down = false;
  /** Reported uses by hash. */
  readonly uses = new Map<string, number>();
  private version = 0;
  private readonly operations = new Map<string, OperationChange>();
  private clients: OperationClient[] = [];

  constructor(private readonly pubsub: PubSub) {}

  /** Registers or changes an operation and gives its hash; by the text, with that as its only id if none is given. */
  async register(body: string, change: Partial<OperationChange> = {}): Promise<string> {
    const hash = createHash('sha256').update(body).digest('hex');
    const blank = { hash, body, ids: [hash], clients: ['app'], budgetPerMinute: null, killed: false };
    this.version += 1;
    this.operations.set(hash, { ...blank, ...this.operations.get(hash), ...change, version: this.version });
    await this.pubsub.publish(OPERATIONS_CHANNEL, {});
    return hash;
  }

  /** Says which API clients are which applications, and who runs registered operations only. */
  async link(...clients: OperationClient[]): Promise<void> {
    this.version += 1;
    this.clients = clients;
    await this.pubsub.publish(OPERATIONS_CHANNEL, {});
  }

  async read({ known, after }: Parameters<OperationSource['read']>[0]): ReturnType<OperationSource['read']> {
    if (this.down) throw new Fault('SERVICE_UNAVAILABLE');
    const { version } = this;
    if (version === known) return { version, changes: [], clients: null, more: false };
    const later = [...this.operations.values()]
      .filter((one) => one.version > after.version)
      .sort((a, b) => a.version - b.version);
    // Small pages, so that reading on is read too.
    return { version, changes: later.slice(0, 2), clients: this.clients, more: later.length > 2 };
  }

  async recordUses(uses: Parameters<OperationSource['recordUses']>[0]): Promise<void> {
    if (this.down) throw new Fault('SERVICE_UNAVAILABLE');
    for (const { hash, count } of uses) this.uses.set(hash, (this.uses.get(hash) ?? 0) + count);
  }
}
