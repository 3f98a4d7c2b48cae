import type { NodeId } from "../lib/ids.ts";
import type { RaftInput, Ready } from "../raft/api.ts";
import type { AdminOutcome } from "./ports.ts";

/** The operator's requests that the core is working on, by tag. */
export class AdminRequests {
  readonly #waiting = new Map<number, (outcome: AdminOutcome) => void>();
  #nextTag = 1;

  changeMembership(
    voters: readonly NodeId[],
    learners: readonly NodeId[],
    done: (outcome: AdminOutcome) => void,
  ): RaftInput {
    const ascending = (ids: readonly NodeId[]): NodeId[] => [...ids].sort((a, b) => a - b);
    const kind = "changeMembership";
    return {
      kind,
      tag: this.#register(done),
      voters: ascending(voters),
      learners: ascending(learners),
    };
  }

  transferLeadership(to: NodeId, done: (outcome: AdminOutcome) => void): RaftInput {
    return { kind: "transferLeadership", tag: this.#register(done), to };
  }

  /** Takes `Ready.outcomes`. */
  settle(outcomes: Ready["outcomes"]): void {
    for (const { tag, outcome, reason } of outcomes) {
      const done = this.#waiting.get(tag);
      this.#waiting.delete(tag);
      done?.({ outcome, reason });
    }
  }

  #register(done: (outcome: AdminOutcome) => void): number {
    this.#waiting.set(this.#nextTag, done);
    return this.#nextTag++;
  }
}
