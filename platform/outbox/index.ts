/** Messaging of a subgraph's database: events added with a change, published after it, applied once where they arrive. */
import { InboxRow } from './inbox.entity';
import { OutboxRow } from './outbox.entity';

export { defineConsumer } from './inbox';
export { addToOutbox } from './outbox';
export { CreateMessaging1700000000000 } from './outbox-migration';
export { registerOutboxMetrics } from './outbox-metrics';
export { pruneMessages, removeOlder } from './prune';
export { startRelay, type Relay } from './relay';

/** Entities that every subgraph lists beside its own. */
export const MESSAGING_ENTITIES = [OutboxRow, InboxRow];
