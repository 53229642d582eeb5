/** Applying events once: effect and note of it are one transaction. */
import type { EntityManager } from 'typeorm';
import type { MessageHandler } from '../bus/bus';
import type { EventDefinition, EventOf } from '../bus/event';
import type { Database } from '../db/database';
import { asBackground } from '../db/statement-scope';
import { Fault } from '../errors';
import { withLogScope } from '../log';
import type { QueueConsumer } from '../subgraph';
import { InboxRow } from './inbox.entity';

/**
 * A message handler that decodes the event and applies it inside one transaction, unless this queue has applied it before.
 * `apply` must have no effect outside its transaction, for it can run again; what it throws undoes everything, and its error's
 * kind says whether the message is tried again or dead.
 */
export function consumeOnce<Definition extends EventDefinition>(
  database: Database,
  queue: string,
  definitions: readonly Definition[],
  apply: (tx: EntityManager, event: EventOf<Definition>) => Promise<void>,
): MessageHandler {
  const byName = new Map(definitions.map((definition) => [definition.name, definition]));
  return (envelope) =>
    asBackground(() =>
      withLogScope({ requestId: envelope.cause }, async () => {
        const definition = byName.get(envelope.name);
        if (!definition) throw new Fault('INVALID_REQUEST', 'This queue does not know the event.');
        // The type system cannot follow that the definition found under the event's name is the one that types it.
        const event = definition.decode(envelope) as EventOf<Definition>;
        await database.transaction(async (tx) => {
          if (await isNew(tx, queue, envelope.id)) await apply(tx, event);
        });
        return 'done';
      }),
    );
}

/** Notes the event; a concurrent delivery of the same one waits here for the first to commit. */
async function isNew(tx: EntityManager, queue: string, eventId: string): Promise<boolean> {
  const inserted = await tx
    .createQueryBuilder()
    .insert()
    .into(InboxRow)
    .values({ queue, eventId })
    .orIgnore()
    .returning('event_id')
    .execute();
  return Array.isArray(inserted.raw) && inserted.raw.length > 0;
}

/**
 * Declares a queue of a subgraph: its name without the namespace (`accounts.order-confirmation`), the events it takes, and what
 * is done with each, once, in a transaction. The type of the services is taken from `apply`'s third parameter.
 */
export function defineConsumer<const Definition extends EventDefinition, Services extends { db: Database }>(options: {
  queue: string;
  events: readonly Definition[];
  apply: (tx: EntityManager, event: EventOf<Definition>, services: Services) => Promise<void>;
}): QueueConsumer<Services> {
  const { queue, events, apply } = options;
  return {
    queue,
    events: events.map(({ name }) => name),
    handler: (services) => consumeOnce(services.db, queue, events, (tx, event) => apply(tx, event, services)),
  };
}
