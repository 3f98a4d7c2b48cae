import { count } from "../report/format.ts";
import { underWay } from "../kv/shards-under-way.ts";
import type { NodeStatus, ShardsStatus } from "../target/target.ts";

/** What a sequence may wait for, seen from outside: in what nodes say of themselves and in acknowledged operations. */
export type Condition =
  /** Some node has committed the log up to `index`. */
  | { readonly kind: "commitIndex"; readonly index: number }
  /** So many changes of leader were seen since the wait began. */
  | { readonly kind: "leaderDeposed"; readonly times: number }
  /** Some node leads. */
  | { readonly kind: "leaderElected" }
  /** So many operations were acknowledged since the wait began. */
  | { readonly kind: "acknowledged"; readonly operations: number }
  /** Every node that holds a log is up, and has applied what was committed when the wait began. */
  | { readonly kind: "caughtUp" }
  /** Every group of a sharded cluster has adopted the newest config, and no shard is on its way. */
  | { readonly kind: "shardsSettled" };

/** The cluster at one moment, as far as a condition may ask. */
export type Observed = {
  readonly nodes: readonly NodeStatus[];
  /** Operations acknowledged since the load began. */
  readonly acknowledged: number;
  /** Of a sharded cluster; null: it does not tell now. */
  readonly shards?: ShardsStatus | null;
};

/** Tells, look after look, whether a condition has come true since the first one. */
export class Watch {
  readonly #condition: Condition;
  readonly #acknowledged: number;
  readonly #committed: number;
  #term: number;
  #changes = 0;

  constructor(condition: Condition, { nodes, acknowledged }: Observed) {
    this.#condition = condition;
    this.#acknowledged = acknowledged;
    this.#committed = commitIndexOf(nodes);
    this.#term = leaderTerm(nodes);
  }

  sees({ nodes, acknowledged, shards = null }: Observed): boolean {
    const term = leaderTerm(nodes);
    if (term > this.#term) {
      // The first leader deposes nobody.
      if (this.#term > 0) this.#changes++;
      this.#term = term;
    }
    const condition = this.#condition;
    switch (condition.kind) {
      case "commitIndex":
        return commitIndexOf(nodes) >= condition.index;
      case "leaderDeposed":
        return this.#changes >= condition.times;
      case "leaderElected":
        return term > 0;
      case "acknowledged":
        return acknowledged - this.#acknowledged >= condition.operations;
      case "shardsSettled":
        return shards !== null && underWay(shards.config, shards.groups).length === 0;
      case "caughtUp": {
        const holders = nodes.filter(({ lastIndex }) => lastIndex > 0);
        return (
          holders.length > 0 &&
          holders.every(({ role }) => role !== "down" && role !== "paused") &&
          holders.every(({ appliedIndex }) => appliedIndex >= this.#committed)
        );
      }
    }
  }
}

/** `commitIndex reaches 500`, after "until". */
export function describeCondition(condition: Condition): string {
  switch (condition.kind) {
    case "commitIndex":
      return `commitIndex reaches ${count(condition.index)}`;
    case "leaderDeposed":
      return condition.times === 1
        ? "a leader is deposed"
        : `leaders are deposed ${condition.times} times`;
    case "leaderElected":
      return "there is a leader";
    case "acknowledged":
      return `${count(condition.operations)} operations are acknowledged`;
    case "shardsSettled":
      return "all groups have adopted the newest config and no shard is on its way";
    case "caughtUp":
      return "all nodes have caught up";
  }
}

const commitIndexOf = (nodes: readonly NodeStatus[]): number =>
  Math.max(0, ...nodes.map(({ commitIndex }) => commitIndex));

/** The highest term that some node leads; 0: nobody leads. */
const leaderTerm = (nodes: readonly NodeStatus[]): number =>
  Math.max(0, ...nodes.map(({ role, term }) => (role === "leader" ? term : 0)));
