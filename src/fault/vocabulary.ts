/**
 * Which nodes a fault hits. All but `all` and `node` are resolved when the fault fires. In a sharded cluster
 * `leader` is that of group 1, the controller.
 */
export type NodeSpec =
  | { readonly kind: "leader" }
  /** Whoever leads this group of shards; null: one of those that have shards, drawn at random. */
  | { readonly kind: "leaderOf"; readonly group: number | null }
  | { readonly kind: "followers" }
  | { readonly kind: "all" }
  | { readonly kind: "node"; readonly id: number }
  | { readonly kind: "random"; readonly size: "one" | "minority" | "majority" };

/**
 * One fault, as a scenario writes it. Link faults stay until `heal`; a fault of a kind that is
 * already on is added to it. A link is directed: from one node to another.
 */
export type Fault =
  /**
   * SIGKILL; `restart` starts those among `nodes` that are down again on what their disks hold. `stop`:
   * SIGTERM, on which a node ends in order, having handed over what it leads; in the simulator a crash.
   */
  | { readonly kind: "crash" | "stop" | "restart"; readonly nodes: NodeSpec }
  /** SIGSTOP and SIGCONT. */
  | { readonly kind: "pause" | "resume"; readonly nodes: NodeSpec }
  /** Cuts the nodes' links: what they hear (`in`), what others hear of them (`out`), or both. */
  | {
      readonly kind: "isolate";
      readonly nodes: NodeSpec;
      readonly direction: "both" | "in" | "out";
    }
  /**
   * Cuts the cluster apart. `halves`: a minority and a majority, at random, the leader in the
   * minority if `leaderIn` says so. `bridge`: two halves that only one node can reach both of.
   * `majoritiesRing`: every node hears a majority, no two the same one (Jepsen).
   */
  | {
      readonly kind: "partition";
      readonly shape: "halves";
      readonly leaderIn: "minority" | "majority" | "any";
    }
  | { readonly kind: "partition"; readonly shape: "bridge" | "majoritiesRing" }
  /** Every node is on one of two sides, drawn at random; neither side is empty. */
  | { readonly kind: "partition"; readonly shape: "random" }
  /** Every frame on the nodes' links is lost with probability `ratio`. */
  | { readonly kind: "loss"; readonly nodes: NodeSpec; readonly ratio: number }
  | {
      readonly kind: "delay";
      readonly nodes: NodeSpec;
      readonly ms: number;
      readonly jitterMs: number;
      /** A long tail: so many of the frames (a ratio) wait up to `ms` longer, and those behind them. */
      readonly tail?: { readonly ratio: number; readonly ms: number } | undefined;
    }
  | { readonly kind: "duplicate"; readonly nodes: NodeSpec; readonly ratio: number }
  /** A frame is held back with probability `ratio` for up to `withinMs`; later ones overtake it. */
  | {
      readonly kind: "reorder";
      readonly nodes: NodeSpec;
      readonly ratio: number;
      readonly withinMs: number;
    }
  /**
   * Asks the cluster to make these nodes its voters. It comes about when the cluster can: what is
   * still under way when all is lifted is waited for. Other faults hit voters only.
   */
  | { readonly kind: "membership"; readonly voters: readonly number[] }
  | ReshardFault
  | ConnectionFault
  | MessageFault
  | ClockFault
  | DiskFault
  /** The leader is asked to hand over to one of these. */
  | { readonly kind: "transfer"; readonly to: NodeSpec }
  /** These take a snapshot now, and compact their logs. */
  | { readonly kind: "snapshot"; readonly nodes: NodeSpec }
  /**
   * Crashed ones among these lose all that they hold. An empty node, under another id, takes the place
   * of each from its `restart` on, at the latest when all is lifted.
   */
  | { readonly kind: "wipe"; readonly nodes: NodeSpec }
  /**
   * Lifts every link fault, rates and strobes of clocks, and stalls, errors and fullness of disks. Does
   * not resume or restart.
   */
  | { readonly kind: "heal" };

/**
 * Asks the controller of a sharded cluster for another config; groups and shards are drawn at random. It comes
 * about when the cluster can, as a change of membership does. A change that is not possible now is left out.
 *
 *   join       a group that runs and has not joined
 *   leave      one that has joined, unless it is the only one
 *   move       a shard goes to another group
 *   shuffle    a quarter of the shards do, one change after the other
 *   rebalance  the shards are spread evenly again
 */
export type ReshardFault = {
  readonly kind: "reshard";
  readonly change: "join" | "leave" | "move" | "shuffle" | "rebalance";
};

/** What happens to the byte streams below the frames. */
export type ConnectionFault =
  /** The nodes' links carry so many bytes a second at most, each; what is too much waits its turn. */
  | { readonly kind: "bandwidth"; readonly nodes: NodeSpec; readonly bytesPerSecond: number }
  /** Every connection on the nodes' links ends with a reset (RST), once; new ones work. */
  | { readonly kind: "reset"; readonly nodes: NodeSpec }
  /** The connections open now carry nothing more, and neither end is told; new ones work. */
  | { readonly kind: "halfOpen"; readonly nodes: NodeSpec }
  /** The nodes' links take what is sent and keep it, until `unclog` (or `heal`) lets it all through. */
  | { readonly kind: "clog" | "unclog"; readonly nodes: NodeSpec };

/** Names of the protocol's messages (raft/types.ts). */
export const MESSAGE_NAMES = [
  "appendEntries",
  "appendResponse",
  "voteRequest",
  "voteResponse",
  "heartbeat",
  "heartbeatResponse",
  "installSnapshot",
  "snapshotResponse",
  "timeoutNow",
] as const;
export type MessageName = (typeof MESSAGE_NAMES)[number];

/** A fault on frames by what they mean, on the links that begin at `from`; until `heal`. */
export type MessageFault = {
  readonly kind: "message";
  readonly from: NodeSpec;
  readonly message: MessageName;
  /**
   * `older`: only those of a term below the highest that any link of the cluster has carried while
   * such a fault was on. A node's own terms only rise: it is others that make a message old.
   */
  readonly term: "any" | "older";
  /** Only the first so many that match, on each link; null: all. */
  readonly first: number | null;
  /** `delay` holds them back for `ms`; those behind them overtake. */
  readonly act: "drop" | "duplicate" | { readonly delayMs: number };
};

/** Faults of the nodes' clocks, the monotonic one that Raft is given. */
export type ClockFault =
  /** It shows `ms` more from now on; less is not possible, since time does not go back. */
  | { readonly kind: "clockJump"; readonly nodes: NodeSpec; readonly ms: number }
  /** It goes `rate` times as fast, until `heal`. */
  | { readonly kind: "clockRate"; readonly nodes: NodeSpec; readonly rate: number }
  /** It stands still for `everyMs` and then jumps forward by as much, over and over, until `heal`. */
  | { readonly kind: "clockStrobe"; readonly nodes: NodeSpec; readonly everyMs: number };

/**
 * What a power loss leaves of the writes, names and lengths that were not synced. `nothing`: only
 * what was synced. `prefix`: the first of them, in the order they were made. `subset`: any of them,
 * whole. `torn`: any of their sectors of 512 bytes, so that a write may be there in part.
 */
export type PowerLossKeeps = "nothing" | "prefix" | "subset" | "torn";

/** Faults of the disks below the nodes (storage/volatile-disk.ts), in every world the same. */
export type DiskFault =
  /** A crash that takes what was not synced with it; `restart` starts the nodes again. */
  | { readonly kind: "powerLoss"; readonly nodes: NodeSpec; readonly keeps: PowerLossKeeps }
  /** Whatever the disk is asked for in the next `ms` is done only after them. */
  | { readonly kind: "diskStall"; readonly nodes: NodeSpec; readonly ms: number }
  /** EIO from every such operation until `heal`. A node ends at the first (exit code 70). */
  | {
      readonly kind: "diskError";
      readonly nodes: NodeSpec;
      readonly operation: "write" | "sync";
    }
  /** ENOSPC from whatever takes space (a write beyond the end of a file, a new file) until `heal`. */
  | { readonly kind: "diskFull"; readonly nodes: NodeSpec }
  /**
   * Sets `bits` random bits the other way in what the files of crashed nodes hold. The node may
   * refuse to start for ever: it is replaced by an empty one when all is lifted.
   */
  | { readonly kind: "bitFlip"; readonly nodes: NodeSpec; readonly bits: number };

export type FaultKind = Fault["kind"];

/** A MessageFault on one link; `id` tells it from others, so that what it counted outlives a change. */
export type MessageRule = Pick<MessageFault, "message" | "term" | "first" | "act"> & {
  readonly id: number;
};

/** What acts on the frames of one directed link; the default is a perfect link. */
export type LinkState = {
  readonly cut: boolean;
  readonly loss: number;
  readonly delayMs: number;
  readonly jitterMs: number;
  /** The long tail of delays: this share of the frames waits up to so much longer. */
  readonly tailRatio: number;
  readonly tailMs: number;
  readonly duplicate: number;
  readonly reorder: number;
  readonly reorderWithinMs: number;
  /** 0: no limit. */
  readonly bytesPerSecond: number;
  /** Whoever carries the frames keeps them until it is over; none is offered meanwhile. */
  readonly clogged: boolean;
  readonly rules: readonly MessageRule[];
  /** Some link of the cluster has a rule about older terms: the terms of all links are noted. */
  readonly notesTerms: boolean;
};

export const CLEAR_LINK: LinkState = {
  cut: false,
  loss: 0,
  delayMs: 0,
  jitterMs: 0,
  tailRatio: 0,
  tailMs: 0,
  duplicate: 0,
  reorder: 0,
  reorderWithinMs: 0,
  bytesPerSecond: 0,
  clogged: false,
  rules: [],
  notesTerms: false,
};
