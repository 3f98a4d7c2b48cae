import { FSYNC_DEFAULT, type FsyncMode, unsafeFsync } from "../lib/fsync.ts";
import type { ShardsReport } from "../kv/shard-ops.ts";
import type { Membership, Role } from "../raft/api.ts";
import type { NodeConfigFile } from "./config.ts";
import type { PeerStatus } from "./peer-status.ts";

/** What a node says of itself at /status. */
export type NodeStatusReport = {
  readonly id: number;
  readonly pid: number;
  readonly clusterId: string;
  /** Of Ordeal. */
  readonly version: string;
  readonly role: Role;
  readonly term: number;
  /** 0: none is known. */
  readonly leaderId: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly lastIndex: number;
  readonly durableIndex: number;
  readonly snapshotIndex: number;
  /** As of the last membership entry in its log, committed or not. */
  readonly membership: Membership;
  readonly storage: "disk" | "memory";
  /** Null: in memory, where there is nothing to sync. */
  readonly fsync: FsyncMode | null;
  /** A warning, "UNSAFE: …", when acknowledged writes may be lost with the power. */
  readonly unsafe: string | null;
  readonly peerPort: number;
  readonly clientPort: number;
  readonly httpPort: number;
  /** Reads that this node has served since its start: by lease, by a round of messages, local ones. */
  readonly reads: { readonly byLease: number; readonly byRound: number; readonly local: number };
  readonly rssBytes: number;
  /** In the current term, in group 1; 0: for nobody. */
  readonly votedFor: number;
  /** Each other node, ascending by id. */
  readonly peers: readonly PeerStatus[];
  /** Of a sharded cluster: each group that it hosts. What is above is of group 1, the shard controller. */
  readonly groups?: readonly GroupReport[];
  /** Of a sharded cluster: the groups of shards that it leads. */
  readonly shards?: readonly ShardsReport[];
};

/** What a node says of one of its groups. */
export type GroupReport = {
  readonly group: number;
  readonly role: Role;
  readonly term: number;
  /** 0: none is known. */
  readonly leaderId: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly lastIndex: number;
};

export function fsyncOf(config: NodeConfigFile): Pick<NodeStatusReport, "fsync" | "unsafe"> {
  const fsync = config.storage === "memory" ? null : (config.fsync ?? FSYNC_DEFAULT);
  return { fsync, unsafe: unsafeFsync(fsync) };
}
