import { FSYNC_DEFAULT, type FsyncMode, unsafeFsync } from "../lib/fsync.ts";
import type { ShardsReport } from "../kv/shard-ops.ts";
import type { Membership, Role } from "../raft/api.ts";
import { GROUP_1 } from "../lib/ids.ts";
import type { NodeAddress, NodeConfigFile } from "./config.ts";
import type { Groups } from "./groups.ts";
import { type PeerStatus, peerStatuses } from "./peer-status.ts";
import type { TcpTransport, WireReport } from "./tcp-transport.ts";
import { VERSION } from "./version.ts";

/** What a node says of itself at /status. */
export type NodeStatusReport = {
  readonly id: number;
  readonly pid: number;
  readonly clusterId: string;
  /** Of Ordeal. */
  readonly version: string;
  /** Versions of the peer protocol that it speaks, and the one that the cluster does. */
  readonly wire: WireReport;
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

/** The parts of a node that tell of it. */
export type ToldParts = {
  readonly id: number;
  readonly config: NodeConfigFile;
  /** That it listens on. */
  readonly ports: Pick<NodeAddress, "peerPort" | "clientPort" | "httpPort">;
  readonly groups: Groups;
  readonly transport: TcpTransport;
};

export function nodeStatus({ id, config, ports, groups, transport }: ToldParts): NodeStatusReport {
  const { first } = groups;
  const { votedFor, followers } = groups.details(GROUP_1)!;
  return {
    ...first.status(),
    id,
    pid: process.pid,
    clusterId: config.clusterId,
    version: VERSION,
    wire: transport.wire,
    storage: config.storage,
    ...fsyncOf(config),
    ...ports,
    reads: first.reads,
    rssBytes: process.memoryUsage.rss(),
    votedFor,
    peers: peerStatuses(transport, followers),
    ...(config.sharding && { groups: groups.report(), shards: groups.shardReports() }),
  };
}
