/** How a broker may deliver: everything at least once, in any order. */
import type { EventEnvelope, MessageHandler } from '../../platform/bus/bus';

/** The events three times each, in the order that the stream of numbers (fc.infiniteStream) gives. */
export function thriceShuffled(events: readonly EventEnvelope[], order: Iterator<number>): EventEnvelope[] {
  return [...events, ...events, ...events]
    .map((event) => ({ event, at: Number(order.next().value) }))
    .sort((one, other) => one.at - other.at)
    .map(({ event }) => event);
}

/** Hands the events to a consumer as the broker would: ten are begun at a time. Fails if one of them fails. */
export async function deliverTo(handle: MessageHandler, events: readonly EventEnvelope[]): Promise<void> {
  const left = [...events];
  const take = async (): Promise<void> => {
    for (let event = left.shift(); event; event = left.shift()) await handle(event);
  };
  await Promise.all(Array.from({ length: 10 }, take));
}
