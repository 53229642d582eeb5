/** Adding events to the outbox: the only way a use case can tell others of what it did. */
import type { EntityManager } from 'typeorm';
import type { EventDefinition } from '../bus/event';
import { newUuid } from '../ids';
import { OutboxRow } from './outbox.entity';

/** What is to be told. */
export interface OutboxEvent<Payload> {
  /** Uuid of the object that changed; events of one aggregate are published in the order of their writing. */
  aggregateId: string;
  /** Rises with each change of the aggregate: of two events the higher is the newer. 0 if the aggregate is never changed. */
  aggregateVersion: number;
  /** Ids and numbers, never personal data. */
  payload: Payload;
  /** The request or event that caused it. */
  cause: string;
  /** W3C trace context. */
  trace?: string;
  /** When it happened; default now. */
  time?: Date;
}

/**
 * Writes an event in the transaction of the change that it tells of, one statement; gives the event's id. It is published
 * after the commit, and never if there is none. Throws outside a transaction, and if the payload does not fit its declaration.
 */
export async function addToOutbox<Name extends string, Payload>(
  tx: EntityManager,
  definition: EventDefinition<Name, Payload>,
  event: OutboxEvent<Payload>,
): Promise<string> {
  // Without this an event would go out although the change is undone, or the other way round, and only under load.
  if (!tx.queryRunner?.isTransactionActive) throw new Error('addToOutbox needs the transaction of the change.');
  const id = newUuid();
  await tx.insert(OutboxRow, {
    id,
    name: definition.name,
    version: definition.version,
    aggregateId: event.aggregateId,
    aggregateVersion: event.aggregateVersion,
    occurredAt: event.time ?? new Date(),
    cause: event.cause,
    trace: event.trace ?? null,
    payload: encode(definition, event.payload),
  });
  return id;
}

function encode<Payload>(definition: EventDefinition<string, Payload>, payload: Payload): object {
  const encoded = definition.encode(payload);
  if (typeof encoded !== 'object' || encoded === null)
    throw new Error(`The payload of ${definition.name} is not an object.`);
  return encoded;
}
