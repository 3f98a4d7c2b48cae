import type { NodeStatus } from "../target/target.ts";

/**
 * Counts the reads that nodes served by lease, over all of their starts: a process counts from 0, so what
 * one has served since it was last seen is lost with it, and the sum is the least that there were.
 */
export class LeaseReads {
  readonly #byPid = new Map<number, number>();

  see(nodes: readonly NodeStatus[]): void {
    for (const { pid, reads } of nodes) {
      if (reads !== undefined) this.#byPid.set(pid, reads.byLease);
    }
  }

  get total(): number {
    return [...this.#byPid.values()].reduce((sum, count) => sum + count, 0);
  }
}
