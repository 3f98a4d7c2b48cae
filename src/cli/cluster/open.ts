import { resolve } from "node:path";
import { FSYNC_DEFAULT } from "../../lib/fsync.ts";
import { lockDirectory } from "../../runtime/dir-lock.ts";
import { type LocalOptions, prepareDir } from "../../target/local-dir.ts";
import { leaderOf } from "../../target/local-status.ts";
import { LocalSupervisor } from "../../target/local-supervisor.ts";
import { joinFirstGroups } from "../../target/shards/first-groups.ts";
import type { NodeStatus } from "../../target/target.ts";
import { until } from "../../target/until.ts";
import { addressOf } from "../load/address.ts";
import { serveControl } from "./control.ts";
import { type ClusterRecord, refuseIfRunning, removeRecord, writeRecord } from "./record.ts";
import { askAll } from "./show.ts";

const LEADER_WITHIN_MS = 60_000;

/** A cluster whose nodes are children of this process, and which other commands find by its directory. */
export type OpenCluster = {
  readonly record: ClusterRecord;
  /** As they were when there was a leader. */
  readonly statuses: readonly NodeStatus[];
  /** Ends every process; the data stay. Safe to call twice. */
  stop(): Promise<void>;
};

export type OpenEvents = {
  /** The nodes run; there need not be a leader yet. */
  begun(): void;
  /** A process ended without being told to. */
  failed(failure: string): void;
};

/**
 * Starts the cluster on what the directory holds, and resolves once it has a leader and DIR/cluster.json
 * says where it is. Rejects with UserError on bad input; no process is left then.
 */
export async function openCluster(options: LocalOptions, events: OpenEvents): Promise<OpenCluster> {
  refuseIfRunning(options.dir);
  prepareDir(options);
  const lock = lockDirectory(resolve(options.dir));
  removeRecord(options.dir); // Of a supervisor that was killed: its pid may be another's by now.
  let supervisor: LocalSupervisor | null = null;
  let control: ReturnType<typeof serveControl> | null = null;
  let ended: Promise<void> | null = null;
  const end = async (): Promise<void> => {
    await control?.stop();
    await supervisor?.stop();
    removeRecord(options.dir);
    lock.release();
  };
  const stop = (): Promise<void> => (ended ??= end());
  try {
    const nodes = await LocalSupervisor.start(options, events.failed);
    supervisor = nodes;
    events.begun();
    const statuses = await firstStatuses(nodes, options);
    const record = (): ClusterRecord => recordOf(nodes, server);
    const write = (): void => writeRecord(options.dir, record());
    const server = serveControl(nodes, write);
    control = server;
    write();
    return { record: record(), statuses, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Once there is a leader, and the groups that are to begin with have joined. */
async function firstStatuses(
  supervisor: LocalSupervisor,
  { sharded }: LocalOptions,
): Promise<readonly NodeStatus[]> {
  const { clusterId, nodes, sharding } = supervisor.config;
  const isSettled = ({ id, role }: NodeStatus): boolean =>
    role !== "down" || supervisor.nodes.hasRefused(id);
  const statuses = await until("a leader is elected", LEADER_WITHIN_MS, async () => {
    const said = await askAll(clusterId, nodes);
    return leaderOf(said) !== 0 && said.every(isSettled) ? said : null;
  });
  if (sharded !== undefined && sharding !== undefined) {
    await joinFirstGroups(addressOf(nodes, sharding.shards), sharded, sharding);
  }
  return statuses;
}

function recordOf(
  supervisor: LocalSupervisor,
  { controlPort, controlToken }: Pick<ClusterRecord, "controlPort" | "controlToken">,
): ClusterRecord {
  const { clusterId, nodes, storage, sharding, fsync = FSYNC_DEFAULT } = supervisor.config;
  return {
    ...{ clusterId, supervisorPid: process.pid, controlPort, controlToken, storage },
    ...{ fsync: storage === "memory" ? null : fsync, shards: sharding?.shards },
    nodes: nodes.map((node) => ({ ...node, pid: supervisor.nodes.pid(node.id) })),
    ...(supervisor.credentials && { credentials: supervisor.credentials }),
  };
}
