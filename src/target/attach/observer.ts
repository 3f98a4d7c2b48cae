import type { ClusterEvent, NodeStatus } from "../target.ts";

/**
 * Tells what became of nodes from what they say of themselves from time to time. Times are those of the
 * asking; what began and ended between two of them is not seen.
 */
export class Observer {
  readonly #events: ClusterEvent[] = [];
  readonly #failures: string[] = [];
  readonly #pids = new Map<number, number>();
  readonly #led = new Set<string>();

  /** In time order. */
  get events(): readonly ClusterEvent[] {
    return this.#events;
  }

  /** Nodes that were another process than before, and nobody was told to change that. */
  get failures(): readonly string[] {
    return this.#failures;
  }

  /** It is told to end: its next process is no surprise. */
  expectEnd(node: number): void {
    this.#pids.delete(node);
  }

  /** `atUs`: microseconds since the Unix epoch. */
  note(statuses: readonly NodeStatus[], atUs: number): void {
    for (const { id: node, pid, role, term } of statuses) {
      if (role === "down" || role === "paused") continue;
      const before = this.#pids.get(node);
      if (before !== pid) {
        this.#pids.set(node, pid);
        this.#events.push({ atUs, node, kind: "started", term });
        if (before !== undefined) {
          this.#failures.push(`node ${node} ended by itself: pid ${before} is pid ${pid} now`);
        }
      }
      const reign = `${node} in ${term}`;
      if (role !== "leader" || this.#led.has(reign)) continue;
      this.#led.add(reign);
      this.#events.push({ atUs, node, kind: "becameLeader", term });
    }
  }
}
