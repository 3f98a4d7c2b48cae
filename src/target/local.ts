import { existsSync } from "node:fs";
import { version } from "../../package.json";
import { FSYNC_DEFAULT, type FsyncMode } from "../lib/fsync.ts";
import { UserError } from "../lib/user-error.ts";
import { LocalCluster } from "./local-cluster.ts";
import { configFile } from "./local-dir.ts";
import type { LocalNetwork } from "./local-network.ts";
import { joinFirstGroups } from "./shards/first-groups.ts";
import { LocalSupervisor } from "./local-supervisor.ts";
import { type ClusterOptions, survivesText, type Target } from "./target.ts";

const FIRST_LEADER_WITHIN_MS = 60_000;

const HOW: Readonly<Record<FsyncMode, string>> = {
  always: "fdatasync of the log for every write",
  batch: "fdatasync of the log for each batch of entries (group commit)",
  never: "fsync never: the operating system writes when it likes",
};

/** Ordeal's own store: every node a process on this machine, every link through a proxy if wanted. */
export const localTarget: Target = {
  name: "ordeal",
  version,
  can: {
    crash: true,
    pause: true,
    partition: true,
    delay: true,
    loss: true,
    connection: true,
    disk: true,
    memory: true,
    clock: true,
    membership: true,
    orders: true,
    recording: true,
    failover: true,
    "versioned-put": true,
    append: true,
    delete: true,
    scan: true,
    timers: true,
    sharded: true,
  },
  terms: {
    client:
      "its own protocol over TCP with sessions, the suite's connections to each node, requests of a turn in one write",
    durability: ({ nodes, storage, fsync = FSYNC_DEFAULT }) => ({
      survives: survivesText(
        storage === "memory"
          ? "in memory only"
          : fsync === "never"
            ? "on disk, NOT synced"
            : "on disk, synced",
        "majority",
        nodes,
      ),
      how: storage === "memory" ? "no log on disk" : HOW[fsync],
    }),
  },
  start: (options) => startLocal(options),
};

/** The same, but its nodes run the sources at `root`: another revision of them, say. */
export const localTargetAt = (root: string): Target => ({
  ...localTarget,
  start: (options) => startLocal(options, undefined, root),
});

/**
 * Starts a fresh cluster, its processes on `network` if there is one and from the sources at `root`,
 * and waits for its leader.
 */
export async function startLocal(
  options: ClusterOptions,
  network?: LocalNetwork,
  root?: string,
): Promise<LocalCluster> {
  const path = configFile(options.dir);
  if (existsSync(path)) {
    const what = "the directory holds the data of a cluster already";
    const fix = "give a directory that is empty or does not exist";
    throw new UserError("cannot start a fresh cluster", [{ where: path, what, fix }]);
  }
  const { snapshotEveryBytes, leaseReads, timers } = options;
  const isUsual = [snapshotEveryBytes, leaseReads, timers].every((given) => given === undefined);
  const timing = {
    electionTimeoutMinMs: timers?.electionMs,
    heartbeatIntervalMs: timers?.heartbeatMs,
  };
  const raft = isUsual ? {} : { raft: { snapshotEveryBytes, leaseReads, ...timing } };
  const startedUs = (performance.timeOrigin + performance.now()) * 1000;
  const supervisor = await LocalSupervisor.start({ ...options, ...raft, network, root });
  const cluster = new LocalCluster(supervisor, options, startedUs);
  try {
    await cluster.leader(FIRST_LEADER_WITHIN_MS);
    const { sharding } = supervisor.config;
    if (options.sharded !== undefined && sharding !== undefined) {
      await joinFirstGroups(cluster.address, options.sharded, sharding);
    }
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}
