/** Somebody else's object must look like one that does not exist, to the byte. */
import { isClient, type Caller } from './callers';
import type { DoorAnswer } from './doors';
import type { Probe } from './probes';
import { isDenial, outcomesOf, rootOutcome } from './selection';
import type { Target, World } from './things';

/** Compares answers about somebody's objects with those about nothing, which have to come first. */
export class LooksLikeNothing {
  private readonly answers = new Map<string, string>();

  constructor(private readonly world: World) {}

  /** What is wrong with the answer. */
  judge(probe: Probe, caller: Caller, answer: DoorAnswer): string[] {
    const { target, row, door } = probe;
    if (target === '-') return [];
    const text = this.comparable(probe, answer);
    const key = `${probe.query} ${door} ${caller.name}`;
    if (target === 'unknown') this.answers.set(key, text);
    else if (!knows(caller, target) && isNothing(answer, probe) && this.answers.get(key) !== text)
      return [`${row} ${target}: ${caller.name} can tell it from nothing through ${door}: ${text}`];
    return [];
  }

  /** Without what differs anyway: the ids that were asked for, the request's id and time. */
  private comparable({ target }: Probe, { data, errors }: DoorAnswer): string {
    const text = JSON.stringify({ data, errors }, (key, value: unknown) =>
      key === 'requestId' || key === 'timestamp' ? undefined : value,
    );
    const ids = target === '-' ? [] : Object.entries(this.world.things[target]);
    return ids.reduce((left, [kind, id]) => left.replaceAll(id, kind), text);
  }
}

/** Owners know that it is there, also where they may not do everything with it; partners are that of their API clients'. */
const knows = ({ name }: Caller, target: Target): boolean =>
  name === target || (target === 'client' && (name === 'partner' || isClient(name)));

function isNothing(answer: DoorAnswer, probe: Probe): boolean {
  if (probe.kind !== 'Entity') return isDenial(rootOutcome(answer, probe.kind === 'Mutation'));
  const outcomes = outcomesOf(probe.selected, answer.data?.['result'], answer.errors ?? []);
  return [...outcomes].every(([field, outcome]) => field.endsWith('.id') || outcome !== 'ok');
}
