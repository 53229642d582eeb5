import type { Target } from './target';

const QUERY = '{ products(first: 5) { nodes { id name } } }';

/** What somebody who means no harm waits for, request after request until it is over, in milliseconds. Rejects on an error. */
export async function waits(target: Target, isOver: (asked: number) => boolean): Promise<number[]> {
  const milliseconds: number[] = [];
  while (!isOver(milliseconds.length)) {
    const at = performance.now();
    await target.send(QUERY, {});
    milliseconds.push(performance.now() - at);
  }
  return milliseconds;
}
