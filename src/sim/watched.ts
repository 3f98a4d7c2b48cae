import { asTerm, NO_NODE } from "../lib/ids.ts";
import type { HardState, SnapshotMeta } from "../raft/api.ts";
import type { Membership } from "../raft/types.ts";
import { LogView, type Marks } from "./log-view.ts";

export const NOTHING_SAVED: HardState = { term: asTerm(0), votedFor: NO_NODE };

/** One node, as the monitor has seen it. */
export type Watched = {
  readonly id: number;
  /** What its Raft has handed out to be persisted; after a restart what its disk held. */
  readonly log: LogView;
  /** What would survive a crash. */
  readonly durable: LogView;
  hardState: HardState;
  /** Writes handed out and not yet durable, oldest first. */
  writes: {
    readonly hardState: HardState | null;
    readonly snapshot: SnapshotMeta | null;
    readonly marks: Marks | null;
  }[];
  role: string;
  term: number;
  commitIndex: number;
  appliedIndex: number;
  snapshotIndex: number;
  /** What its durable snapshot stands for: as good as a durable log up to there. */
  durableSnapshot: number;
  membership: Membership | null;
  /** Of the commands applied so far and what they gave. */
  stateHash: number;
  lastApplied: number;
  /** It has lost its disk once: nothing that it had is looked for any more. */
  wiped: boolean;
};

export const newWatched = (id: number): Watched => ({
  id,
  log: new LogView(),
  durable: new LogView(),
  hardState: NOTHING_SAVED,
  writes: [],
  role: "follower",
  term: 0,
  commitIndex: 0,
  appliedIndex: 0,
  snapshotIndex: 0,
  durableSnapshot: 0,
  membership: null,
  stateHash: 0,
  lastApplied: 0,
  wiped: false,
});
