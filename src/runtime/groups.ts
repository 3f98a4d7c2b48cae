import type { AgentGroup } from "../client/shard-agent.ts";
import { CONTROLLER_GROUP, groupOf, shardOf } from "../kv/shard-config.ts";
import type { ShardsReport } from "../kv/shard-ops.ts";
import { asNode, GROUP_1, type GroupId, NO_NODE } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import { type Raft, type RaftDetails, RAFT_DEFAULTS, type SoftState } from "../raft/api.ts";
import { createRaft } from "../raft/raft.ts";
import { Host, type HostPorts } from "../replica/host.ts";
import { type RecordSink, recordingRaft } from "../replica/record.ts";
import { coreRandom } from "../replica/recording.ts";
import { Replica } from "../replica/replica.ts";
import type { SnapshotStorage, StoredSnapshot } from "../storage/snapshot-storage.ts";
import type { NodeConfigFile } from "./config.ts";
import type { Log } from "./logging.ts";
import type { Machines } from "./machines.ts";
import type { NodeCounters } from "./metrics/node-counters.ts";
import { timedSnapshots } from "./metrics/timed-disk.ts";
import type { GroupReport } from "./node-status.ts";
import type { OpenGroup } from "./open-storage.ts";
import { admissionLimits } from "./overload.ts";
import { memberProblems } from "./sharding.ts";

/** Of entries applied; a snapshot is then taken in the background. */
export const SNAPSHOT_EVERY_BYTES = 64 << 20;

/** As many in a row end the node: what it keeps of the log must not grow for ever. */
const SNAPSHOT_FAILURES_MAX = 3;

export type GroupsOptions = {
  readonly config: NodeConfigFile;
  readonly id: number;
  readonly log: Log;
  readonly seed: number;
  readonly record: RecordSink | undefined;
  readonly machines: Machines;
  readonly counters: NodeCounters;
  readonly mayVote: boolean;
  readonly ports: HostPorts;
  readonly onFatal: (error: unknown) => void;
};

/** What may be read of a core. */
export type CoreView = Pick<Raft, "status" | "details" | "entries">;

/** Who serves a key: the group, if it is led here; else where to ask. */
export type KeyPlace = {
  readonly group: number;
  readonly isHere: boolean;
  /** Ids of the nodes of the group; empty: nobody has the key's shard. */
  readonly nodes: readonly number[];
};

/** The replicas of a node, one of each group that it hosts. */
export class Groups {
  readonly host: Host;
  readonly #options: GroupsOptions;
  /** To look at; only the replicas act on them. */
  readonly #cores = new Map<number, Raft>();
  readonly #snapshots = new Map<number, SnapshotStorage>();
  readonly #soft = new Map<GroupId, SoftState>();
  readonly #agentGroups: AgentGroup[] = [];
  /** The nodes on which each group began. */
  readonly #nodes = new Map<number, readonly number[]>();

  constructor(options: GroupsOptions) {
    this.#options = options;
    this.host = new Host(options.ports);
  }

  /** Group 1, which every node hosts: of an unsharded cluster its only one, else the shard controller. */
  get first(): Replica {
    return this.host.replica(GROUP_1)!;
  }

  /** What is in the core of a group that is hosted here; null: it is not. */
  details(group: number): RaftDetails | null {
    return this.#cores.get(group)?.details() ?? null;
  }

  /** The core of a group that is hosted here, to look at; null: it is not. */
  core(group: number): CoreView | null {
    return this.#cores.get(group) ?? null;
  }

  /** The newest durable snapshot of a group; null: it has none, or is not hosted here. */
  snapshot(group: number): StoredSnapshot | null {
    return this.#snapshots.get(group)?.newest ?? null;
  }

  /** Where the snapshots of a group are; null: it is not hosted here. */
  snapshotsOf(group: number): SnapshotStorage | null {
    return this.#snapshots.get(group) ?? null;
  }

  /** The groups of shards that are hosted here, as they are now. */
  get ofShards(): readonly AgentGroup[] {
    return this.#agentGroups;
  }

  add(group: OpenGroup): void {
    const replica = this.host.add(group.id, (ports) => {
      const core = this.#createCore(group);
      this.#cores.set(group.id, core);
      this.#snapshots.set(group.id, group.snapshots);
      return new Replica(
        core,
        this.#options.machines.of(group.id),
        ports,
        this.#replicaOptions(group),
      );
    });
    this.#soft.set(group.id, replica.soft);
    this.#nodes.set(group.id, group.nodes);
    if (group.id === GROUP_1) return;
    this.#agentGroups.push({
      group: group.id,
      machine: this.#options.machines.shardKv(group.id),
      get leads() {
        return replica.soft.role === "leader";
      },
    });
  }

  /** What keeps such a group from being hosted here, or null: it may be, or is already. `known`: ids of all nodes. */
  problemWith(group: number, nodes: readonly number[], known: readonly number[]): string | null {
    const { config, id } = this.#options;
    if (config.sharding === undefined) return "the cluster is not sharded";
    const [problem] = memberProblems(`group ${group}`, nodes, new Set(known));
    if (problem !== undefined) return `${problem.where} ${problem.what}`;
    if (!nodes.includes(id)) return `group ${group} is not to be on node ${id}`;
    const before = this.#nodes.get(group) ?? config.sharding.groups[group];
    if (before === undefined) return null;
    const ascending = (ids: readonly number[]): string => [...ids].sort((a, b) => a - b).join(", ");
    if (ascending(before) === ascending(nodes)) return null;
    return `group ${group} is on nodes ${ascending(before)}`;
  }

  report(): readonly GroupReport[] {
    return [...this.host.groups].map((group) => {
      const { role, term, leaderId, commitIndex, appliedIndex, lastIndex } = this.host
        .replica(group)!
        .status();
      return { group, role, term, leaderId, commitIndex, appliedIndex, lastIndex };
    });
  }

  /** Of the groups that are led here. */
  shardReports(): readonly ShardsReport[] {
    return this.#agentGroups.flatMap((one) => (one.leads ? [one.machine.report()] : []));
  }

  /** Null: nothing is sharded, and group 1 has all keys. */
  placeOf(key: Uint8Array): KeyPlace | null {
    const config = this.#options.machines.controller?.config;
    if (config === undefined) return null;
    const group = config.shards[shardOf(key, config.shards.length)]!;
    const isHere = this.host.replica(group)?.soft.role === "leader";
    return { group, isHere, nodes: groupOf(config, group)?.nodes ?? [] };
  }

  /** Logs that a group has another role, term or leader. */
  onSoftState(group: GroupId, soft: SoftState): void {
    const { log, counters } = this.#options;
    const before = this.#soft.get(group)!;
    this.#soft.set(group, soft);
    const { role, term, leaderId } = soft;
    const isNew = leaderId !== NO_NODE && leaderId !== before.leaderId;
    if (isNew && group === GROUP_1) counters.leaderChanges++;
    const named = ofGroup(group);
    if (term !== before.term) log.info({ event: "termChanged", ...named, term }, "entered a term");
    if (before.role === "leader" && (role !== "leader" || term !== before.term)) {
      log.info({ event: "steppedDown", ...named, term }, "no longer the leader");
    }
    if (role === "leader" && (before.role !== "leader" || term !== before.term)) {
      log.info({ event: "becameLeader", ...named, term }, "became the leader");
    } else if (isNew) {
      log.info({ event: "leaderKnown", ...named, term, leaderId }, "follows a leader");
    }
  }

  #createCore({ id: group, nodes, restored }: OpenGroup): Raft {
    const { config, id, seed, record, mayVote, ports } = this.#options;
    const { raft } = config;
    const settings = {
      ...RAFT_DEFAULTS,
      ...(raft?.electionTimeoutMinMs && { electionTimeoutMinMs: raft.electionTimeoutMinMs }),
      ...(raft?.heartbeatIntervalMs && { heartbeatIntervalMs: raft.heartbeatIntervalMs }),
      id: asNode(id),
      membership: {
        voters: [...nodes].sort((a, b) => a - b).map(asNode),
        votersOutgoing: [],
        learners: [],
      },
      restored,
      mayVote,
      leaseReads: raft?.leaseReads ?? false,
      quiesce: config.sharding !== undefined,
      // What stays of the log for slow followers is no more than what comes between two snapshots.
      trailingBytes: Math.min(
        RAFT_DEFAULTS.trailingBytes,
        raft?.snapshotEveryBytes ?? SNAPSHOT_EVERY_BYTES,
      ),
    };
    const now = ports.now();
    // Recordings are of group 1, whose core is given these random numbers in a replay.
    const random = group === GROUP_1 ? coreRandom(seed) : new Prng(seed).fork(`raft ${group}`);
    const core = createRaft({ ...settings, random }, now);
    if (record === undefined || group !== GROUP_1) return core;
    const wallMs = performance.timeOrigin + performance.now();
    return recordingRaft(core, { config: settings, seed, now, wallMs }, record);
  }

  #replicaOptions({ id: group, snapshots }: OpenGroup): ConstructorParameters<typeof Replica>[3] {
    const { config, log, counters, onFatal } = this.#options;
    const { raft, overload } = config;
    const named = ofGroup(group);
    return {
      admission: admissionLimits(overload),
      refusals: counters.refusals,
      snapshots: timedSnapshots(snapshots, counters),
      snapshotEveryBytes: raft?.snapshotEveryBytes ?? SNAPSHOT_EVERY_BYTES,
      onSnapshot: ({ kind, lastIndex, totalBytes }) => {
        if (kind === "taken") counters.snapshotsTaken++;
        else counters.snapshotsInstalled++;
        const event = kind === "taken" ? "snapshotTaken" : "snapshotInstalled";
        const { term } = this.#soft.get(group)!;
        const fields = { event, ...named, term, lastIndex, totalBytes };
        log.info(fields, "the log begins after a new snapshot");
        // Tens of MiB of log are garbage now, of which the collector sees a few hundred small objects.
        Bun.gc(false);
      },
      onSnapshotFailed: (error, inARow) => {
        counters.snapshotsFailed++;
        const fields = { event: "snapshotFailed", ...named, reason: error.message, inARow };
        log.error(fields, "a snapshot could not be written");
        if (inARow >= SNAPSHOT_FAILURES_MAX) onFatal(error);
      },
      leaseReads: raft?.leaseReads ?? false,
    };
  }
}

/** Log lines name the group; those of group 1 are as they are in a cluster that has no other. */
const ofGroup = (group: GroupId): { readonly group?: GroupId } =>
  group === CONTROLLER_GROUP ? {} : { group };
