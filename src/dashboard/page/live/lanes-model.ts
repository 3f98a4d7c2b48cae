import type { FollowerView, NodeView } from "../../live/document.ts";
import { leaderOf } from "./ring-model.ts";

/** The log of one node as a lane; places are shares of its width, 0 to 1. */
export type Lane = {
  readonly node: NodeView;
  /** Ends of what is compacted, applied, committed and in the log. Ascending. */
  readonly snapshot: number;
  readonly applied: number;
  readonly committed: number;
  readonly last: number;
  /** What the leader knows of it; null: it leads itself, or nobody does. */
  readonly known: {
    readonly follower: FollowerView;
    readonly match: number;
    readonly next: number;
  } | null;
};

export type Lanes = {
  /** The first and the last index that the lanes show. */
  readonly from: number;
  readonly to: number;
  readonly lanes: readonly Lane[];
};

/** So that the marks of a cluster at rest are told apart. */
const SPAN_MIN = 24;

/** All lanes show the same indexes: from a little before the one that is furthest behind to the newest. */
export function lanesOf(nodes: readonly NodeView[]): Lanes {
  const leader = leaderOf(nodes);
  const to = Math.max(1, ...nodes.map(({ lastIndex }) => lastIndex));
  const behind = Math.min(to, ...nodes.map(({ appliedIndex }) => appliedIndex));
  const span = Math.max(SPAN_MIN, Math.ceil((to - behind) * 1.25));
  const from = Math.max(0, to - span);
  const at = (index: number): number =>
    Math.min(1, Math.max(0, (index - from) / Math.max(1, to - from)));
  return {
    ...{ from, to },
    lanes: nodes.map((node) => {
      const follower = leader?.peers.find(({ id }) => id === node.id)?.follower ?? null;
      return {
        node,
        snapshot: at(node.snapshotIndex),
        applied: at(node.appliedIndex),
        committed: at(node.commitIndex),
        last: at(node.lastIndex),
        known:
          follower === null
            ? null
            : { follower, match: at(follower.matchIndex), next: at(follower.nextIndex) },
      };
    }),
  };
}
