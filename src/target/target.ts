import type { Fault } from "../fault/vocabulary.ts";
import type { ShardConfig } from "../kv/shard-config.ts";
import type { ShardsReport } from "../kv/shard-ops.ts";
import type { FsyncMode } from "../lib/fsync.ts";
import type { PeerStatus } from "../runtime/peer-status.ts";
import type { CredentialFiles } from "../security/credentials.ts";

export type { PeerStatus };

/**
 * A system under test. Adapters say what they can do; the runner skips, with the reason, what they
 * cannot. Chaos and bench see a system only through this file.
 */
export type Target = {
  readonly name: string;
  readonly version: string;
  readonly can: Readonly<Record<Capability, true | string>>;
  /** It has no more nodes than so many, whatever is asked for; absent: no limit. */
  readonly nodesMax?: number;
  /** Why no sequence can wait for a condition on it; absent: it can be watched while it runs. */
  readonly unwatched?: string;
  /** How our clients speak to it, and what an acknowledged write survives. Absent: no bench sets it against another system. */
  readonly terms?: Terms;
  /** Starts a fresh cluster and resolves once it has a leader. Rejects with UserError on bad input. */
  start(options: ClusterOptions): Promise<Cluster>;
};

/** What must be said beside the figures of a system that is set against another. */
export type Terms = {
  /** `its own protocol over TCP, pipelined; …`. */
  readonly client: string;
  durability(cluster: Pick<ClusterOptions, "nodes" | "storage" | "fsync">): {
    /** Where a write is when it is acknowledged, by `survivesText`, so that equal ones are the same. */
    readonly survives: string;
    /** What the system does for that. */
    readonly how: string;
  };
};

/** `on disk, synced, on a majority of 3 nodes`, `in memory only, on one node`. */
export function survivesText(
  where: "on disk, synced" | "on disk, NOT synced" | "in memory only",
  on: "majority" | "one",
  nodes: number,
): string {
  const which = on === "majority" && nodes > 1 ? `on a majority of ${nodes} nodes` : "on one node";
  return `${where}, ${which}`;
}

/** `string` is why not, for the report: "its peers talk over TCP streams". */
export type Capability =
  | "crash"
  | "pause"
  | "partition"
  /** Delays on links. */
  | "delay"
  /** Faults of single frames: loss, duplicates, reordering, and those by what a frame means. */
  | "loss"
  /** Faults of connections: resets, half-open ones, bandwidth, clogs. */
  | "connection"
  | "disk"
  | "clock"
  /** Storage in memory, and writes that are not synced (fsync never): to see what the disk costs. */
  | "memory"
  | "membership"
  /** Orders to its nodes: to hand over leadership, take a snapshot, begin anew, read by lease. */
  | "orders"
  /** Its nodes record what their cores are given, for `ordeal replay`. */
  | "recording"
  /** Another node takes over when the leader is lost. */
  | "failover"
  | "versioned-put"
  | "append"
  | "delete"
  /** Reads many keys in their order. */
  | "scan"
  /** Timers of elections and heartbeats other than its own. */
  | "timers"
  /** Many groups, each with a part of the keys (ClusterOptions.sharded). */
  | "sharded";

export type ClusterOptions = {
  readonly nodes: number;
  readonly storage: "disk" | "memory";
  /** Directory for data and logs; created when absent. */
  readonly dir: string;
  /** Puts a proxy on every directed link, so that link faults work. Costs a hop. */
  readonly faultyLinks: boolean;
  /** So many more nodes run and are no members; a target without memberships refuses them. */
  readonly spares?: number;
  /** A node takes a snapshot after so many bytes of entries; default: as the target has it. */
  readonly snapshotEveryBytes?: number;
  readonly seed: number;
  /** Every node records what its core is given, in dir/node-N/recording.bin. */
  readonly record?: boolean | undefined;
  /** Puts a disk below every node on which disk faults work, and a crash can be a power loss. Slower. */
  readonly faultyDisks?: boolean | undefined;
  /** Gives every node a clock of its own on which clock faults work. */
  readonly faultyClocks?: boolean | undefined;
  /** Reads without a round of messages while the leader's lease lasts: what clocks can break. */
  readonly leaseReads?: boolean | undefined;
  /** Instead of the target's own. `electionMs`: silence after which nodes hold an election, the least. */
  readonly timers?: { readonly electionMs: number; readonly heartbeatMs: number } | undefined;
  /** When writes are synced; default batch. */
  readonly fsync?: FsyncMode | undefined;
  /** Many groups, each with a part of the keys; absent: one group has all. */
  readonly sharded?: Sharded | undefined;
  /** Nodes and clients speak TLS and show who they are; of our own store only, and without faulty links. */
  readonly tls?: boolean | undefined;
};

/** How a sharded cluster begins: group 1 is its controller, on all nodes; groups 2, 3, … have joined. */
export type Sharded = {
  readonly shards: number;
  readonly groups: number;
  /** Nodes of each group. */
  readonly replicas: number;
  /** So many more groups run and have not joined. */
  readonly idleGroups?: number;
};

/** A running system. */
export type Cluster = {
  readonly nodeIds: readonly number[];
  /** How a generator process reaches it: printed, stored in reports, and passed on as it is. */
  readonly address: ClusterAddress;
  /** What each node says of itself now; a node that does not answer within `withinMs` is "down". */
  status(withinMs: number): Promise<readonly NodeStatus[]>;
  /** Resolves when the fault is in force; `nodes` names whom it hit, `atUs` when it began to act. */
  fault(fault: Fault): Promise<{ readonly nodes: readonly number[]; readonly atUs: number }>;
  /**
   * Lifts faults of links, disks and clocks, resumes and restarts every node. One that refuses its damaged
   * data, or has lost them, is replaced by an empty one, under another id.
   */
  recover(): Promise<void>;
  /** Leadership changes and node lifetimes seen so far, from the nodes' own logs, in time order. */
  events(): Promise<readonly ClusterEvent[]>;
  /** Every start of a node so far, in order. */
  starts(): readonly NodeStart[];
  /** Frames that nodes have sent each other so far; null, or no such method: nothing counts them. */
  frames?(): Promise<number | null>;
  /** Of a sharded cluster: what controller and groups say now; null: the controller does not answer. */
  shards?(): Promise<ShardsStatus | null>;
  /** Of a sharded cluster: every config so far, by number; null: the controller does not answer. */
  shardConfigs?(): Promise<readonly ShardConfig[] | null>;
  /** Processes that ended without being told to, with what they said last; a sound run has none. */
  failures(): readonly string[];
  /** Every process that it started so far, those that have ended too; absent: it starts none. */
  readonly pids?: readonly number[];
  /** Ends every process. Safe to call twice. */
  stop(): Promise<void>;
};

/**
 * The protocol that clients of a system speak to it (store-client.ts). `module:` and the path of a module:
 * the one that it exports as `openClient`, for systems that Ordeal does not know.
 */
export type StoreProtocol = "ordeal" | "etcd" | "redis" | `module:${string}`;

/** Enough to open client connections from another process. */
export type ClusterAddress = {
  readonly target: StoreProtocol;
  readonly nodes: readonly { readonly id: number; readonly host: string; readonly port: number }[];
  /** Shards of a sharded cluster: clients ask its controller where they are. Absent: one group. */
  readonly shards?: number;
  /** Where the things lie with which clients show who they are; absent: it is spoken to in plain text. */
  readonly credentials?: CredentialFiles | undefined;
};

export type NodeStatus = {
  readonly id: number;
  readonly pid: number;
  /** "down": no answer; "paused": stopped by us. */
  readonly role: "leader" | "follower" | "candidate" | "preCandidate" | "paused" | "down";
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly lastIndex: number;
  /** Where its snapshot ends; absent: it does not tell. */
  readonly snapshotIndex?: number;
  readonly peerPort: number;
  readonly clientPort: number;
  readonly httpPort: number;
  /** Reads that it has served since its start, by what confirmed them; absent: it does not tell. */
  readonly reads?: { readonly byLease: number; readonly byRound: number; readonly local: number };
  /** The leader that it follows, or itself; 0: it knows of none; absent: it does not tell. */
  readonly leaderId?: number;
  /** Of its log, what is on its own disk; absent: it does not tell. */
  readonly durableIndex?: number;
  /** For whom it voted in its term; 0: for nobody; absent: it does not tell. */
  readonly votedFor?: number;
  /** What it has sent to each other node and heard of it; absent: it does not tell. */
  readonly peers?: readonly PeerStatus[];
  /** Resident memory of its process; absent: it did not say. */
  readonly rssBytes?: number;
  /** Of a sharded cluster: each group it hosts. `role` and `term` above are those of the controller, group 1. */
  readonly groups?: readonly GroupStatus[];
};

export type GroupStatus = {
  readonly group: number;
  readonly role: "leader" | "follower" | "candidate" | "preCandidate";
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
};

/** A sharded cluster at one moment. */
export type ShardsStatus = {
  /** The newest. */
  readonly config: ShardConfig;
  /** Ascending by group; of those that run and have not joined, the ones that may hold shards. */
  readonly groups: readonly GroupShards[];
};

export type GroupShards = {
  readonly group: number;
  /** The node that answered for it; 0: none did. */
  readonly leader: number;
  /** Null: its leader did not answer. */
  readonly report: ShardsReport | null;
};

/** One start of a node's process. Microseconds since the Unix epoch. */
export type NodeStart = {
  readonly node: number;
  readonly atUs: number;
  /** When its ports listened, its data read, or when it had ended instead. */
  readonly doneUs: number;
  /** "diskFailed": a fault on its disk still lasted. "refused": a fault had changed its data. */
  readonly outcome: "ready" | "diskFailed" | "refused";
};

/** Times are microseconds since the Unix epoch, as in histories, all taken on one machine. */
export type ClusterEvent = {
  readonly atUs: number;
  readonly node: number;
  readonly kind: "started" | "becameLeader" | "steppedDown" | "termChanged" | "snapshotInstalled";
  readonly term: number;
  /** Of a group of shards; absent: of group 1. */
  readonly group?: number;
  /** Of "started": bytes of a record that was cut short, and never durable. */
  readonly tornBytes?: number;
};
