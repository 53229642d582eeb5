/** Whose objects an answer shows, whatever was asked: lists must hold one's own only. */
import type { Probe } from './probes';
import { TARGETS, type World } from './things';

/** Kinds of objects by which their owner is known in a list. */
const KINDS = ['user', 'ord', 'cart', 'pay', 'hook', 'api'] as const;

/** ` customer+guest`: whose objects stand in a list; nothing for what is not a list. */
export function marksIn(world: World, probe: Probe, values: unknown): string {
  // What is newest in the audit log are those who have just asked.
  if (probe.kind !== 'Query' || probe.target !== '-' || probe.row === 'Query.auditLog' || values == null) return '';
  const text = JSON.stringify(values);
  const seen = TARGETS.filter((target) =>
    KINDS.some((kind) => {
      const id = world.things[target][kind];
      return id !== undefined && text.includes(id);
    }),
  );
  return seen.length > 0 ? ` ${seen.join('+')}` : '';
}
