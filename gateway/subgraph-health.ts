/** Which subgraphs answered when last asked. */
import { subgraphUp } from './metrics';

/** Keeps the last outcome of each subgraph; the metric follows. */
export class SubgraphHealth {
  private readonly up = new Map<string, boolean>();

  /** Notes that a subgraph answered, or could not be reached. */
  report(subgraph: string, up: boolean): void {
    if (this.up.get(subgraph) === up) return;
    this.up.set(subgraph, up);
    subgraphUp.set({ subgraph }, up ? 1 : 0);
  }

  /** Names of the subgraphs that could not be reached when last asked. */
  down(): string[] {
    return [...this.up].filter(([, up]) => !up).map(([name]) => name);
  }
}
