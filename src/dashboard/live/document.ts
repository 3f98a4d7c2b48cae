/** What the server tells the page of a cluster while it runs. Plain JSON, shared by both. */
export type LiveDocument = {
  readonly phase: Phase;
  readonly cluster: ClusterInfo | null;
  /** Ascending by id. */
  readonly nodes: readonly NodeView[];
  /** Directed links that are not perfect. */
  readonly links: readonly LinkView[];
  /** Null: not sharded, or the controller has not answered yet. */
  readonly shards: ShardsView | null;
  readonly load: LoadView;
};

/** `lost`: a cluster that others started has ended, or does not answer. */
export type Phase = "none" | "starting" | "running" | "stopping" | "lost";

export type ClusterInfo = {
  readonly clusterId: string;
  readonly dir: string;
  /** It was started on the page, which may stop it. */
  readonly isOurs: boolean;
  readonly storage: "disk" | "memory";
  /** Null: in memory. */
  readonly fsync: string | null;
  /** False: faults of links are refused. */
  readonly hasFaultyLinks: boolean;
  /** 0: it is not sharded. */
  readonly shards: number;
};

export type Role = "leader" | "follower" | "candidate" | "preCandidate" | "paused" | "down";

export type NodeView = {
  readonly id: number;
  readonly role: Role;
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly lastIndex: number;
  readonly durableIndex: number;
  readonly snapshotIndex: number;
  /** In its term; 0: for nobody. */
  readonly votedFor: number;
  readonly pid: number;
  readonly httpPort: number;
  /** 0: it did not say. */
  readonly rssBytes: number;
  readonly peers: readonly PeerView[];
};

/** What a node has sent to another since its process started, and, of a leader, how far it knows that one to be. */
export type PeerView = {
  readonly id: number;
  readonly sent: Readonly<Record<MessageKind, number>>;
  readonly follower: FollowerView | null;
};

export type FollowerView = {
  readonly matchIndex: number;
  readonly nextIndex: number;
  /** probe, replicate or snapshot. */
  readonly state: string;
};

export const MESSAGE_KINDS = ["votes", "appends", "heartbeats", "replies", "snapshots"] as const;
export type MessageKind = (typeof MESSAGE_KINDS)[number];

export type LinkView = {
  readonly from: number;
  readonly to: number;
  readonly cut: boolean;
  /** 0 to 1. */
  readonly loss: number;
  readonly delayMs: number;
};

export type ShardsView = {
  /** Number of the newest config. */
  readonly config: number;
  readonly groups: readonly GroupView[];
  readonly shards: readonly ShardView[];
};

export type GroupView = {
  readonly id: number;
  readonly nodes: readonly number[];
  /** 0: nobody is known to lead it. */
  readonly leader: number;
  /** The config that it is at; null: it does not answer. */
  readonly config: number | null;
  readonly keys: number;
};

export type ShardView = {
  readonly shard: number;
  /** 0: no group. */
  readonly owner: number;
  /** serving: by its owner. moving: on its way to it, from `from`. unknown: its owner does not say. */
  readonly state: "serving" | "moving" | "unknown";
  readonly from: number;
  readonly keys: number;
};

export type LoadView = {
  readonly phase: "none" | "starting" | "running" | "stopping";
  readonly options: LoadOptions | null;
  /** Since it was started. */
  readonly total: { readonly ok: number; readonly fail: number; readonly info: number };
};

/** What a person may choose of a load. */
export type LoadOptions = {
  readonly clients: number;
  /** Operations a second, open loop; null: closed loop, as fast as the clients can. */
  readonly rate: number | null;
  /** Share of gets, 0 to 1; the rest are puts. */
  readonly reads: number;
  readonly valueBytes: number;
  readonly keys: number;
  readonly distribution: "uniform" | "zipfian" | "latest";
};

/** What a person may choose of a cluster. */
export type StartOptions = {
  readonly nodes: number;
  readonly storage: "disk" | "memory";
  /** Null: a directory of its own, which is removed when the cluster stops. */
  readonly dir: string | null;
  /** 0: not sharded. */
  readonly groups: number;
  readonly shards: number;
};

/** One line of the event log. */
export type LiveEvent = {
  /** Ascending; unique within one dashboard process. */
  readonly seq: number;
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
  readonly kind: "election" | "node" | "fault" | "change" | "load" | "cluster" | "problem";
  readonly text: string;
  /** Who asked for it: `page 1`, `command line`; null: nobody did. */
  readonly by: string | null;
};

/** What happened in half a second. */
export type Sample = {
  /** Milliseconds since the Unix epoch, at the end. */
  readonly atMs: number;
  /** Entries committed a second, of all groups. */
  readonly commits: number;
  /** Operations a second of the load; null: there is none. */
  readonly ok: number | null;
  readonly failed: number | null;
  /** Microseconds; null: no operation ended. p99 is the worst of the intervals of 100 ms. */
  readonly p50Us: number | null;
  readonly p99Us: number | null;
};
