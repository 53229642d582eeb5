/** Events as their publisher declares them, in its messages.ts, and as consumers read them: this version and the one before. */
import { z } from 'zod';
import { Fault } from '../errors';
import type { EventEnvelope } from './bus';

/** Decoder of what arrives from a broker; anything else than this is dead on arrival. */
export const eventEnvelopeSchema: z.ZodType<EventEnvelope> = z.object({
  id: z.uuid(),
  name: z.string().min(1).max(200),
  version: z.number().int().min(1),
  aggregateId: z.string().max(200),
  aggregateVersion: z.number().int(),
  time: z.iso.datetime(),
  cause: z.string().max(200),
  trace: z.string().max(200).optional(),
  payload: z.unknown(),
});

/** An event with its payload decoded. */
export interface Event<Name extends string = string, Payload = unknown> extends Omit<
  EventEnvelope,
  'name' | 'payload'
> {
  name: Name;
  payload: Payload;
}

/** A declared event. */
export interface EventDefinition<Name extends string = string, Payload = unknown> {
  readonly name: Name;
  readonly version: number;
  /** The payload as JSON, with nothing in it that was not declared. Throws if it does not fit: a mistake of the publisher. */
  encode(payload: Payload): unknown;
  /**
   * Reads an event of this version or the one before. Throws Fault INVALID_REQUEST (to the dead letters) if it is older or does
   * not fit, SERVICE_UNAVAILABLE (again later) if it is newer: during a rolling update another process can read it.
   */
  decode(envelope: EventEnvelope): Event<Name, Payload>;
}

/** The decoded event of a definition; of a union of definitions, the union of events. */
export type EventOf<Definition> =
  Definition extends EventDefinition<infer Name, infer Payload> ? Event<Name, Payload> : never;

/**
 * Declares an event. `name` is `<subgraph>.<event>`; the payload carries ids, never personal data. When the payload changes,
 * raise `version` and keep the last one as `previous`, with a function that makes the new payload of an old one.
 */
export function defineEvent<
  const Name extends string,
  Payload extends z.ZodType,
  Old extends z.ZodType = z.ZodNever,
>(options: {
  name: Name;
  version: number;
  payload: Payload;
  previous?: { version: number; payload: Old; upgrade(old: z.output<Old>): z.output<Payload> };
}): EventDefinition<Name, z.output<Payload>> {
  const { name, version, payload: schema, previous } = options;
  const read = (envelope: EventEnvelope): z.output<Payload> => {
    if (envelope.version === version) return schema.parse(envelope.payload);
    if (previous && envelope.version === previous.version)
      return previous.upgrade(previous.payload.parse(envelope.payload));
    throw envelope.version > version
      ? new Fault('SERVICE_UNAVAILABLE', 'The event is newer than this process.')
      : new Fault('INVALID_REQUEST', 'The event is older than what is still read.');
  };
  return {
    name,
    version,
    encode: (payload) => z.encode(schema, payload),
    decode: (envelope) => {
      try {
        return { ...envelope, name, version, payload: read(envelope) };
      } catch (error) {
        if (!(error instanceof z.ZodError)) throw error;
        throw new Fault('INVALID_REQUEST', 'The event does not fit its declaration.', undefined, { cause: error });
      }
    },
  };
}
