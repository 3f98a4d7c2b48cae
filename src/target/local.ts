import { existsSync } from "node:fs";
import { version } from "../../package.json";
import { UserError } from "../lib/user-error.ts";
import { LocalCluster } from "./local-cluster.ts";
import { configFile } from "./local-dir.ts";
import type { LocalNetwork } from "./local-network.ts";
import { LocalSupervisor } from "./local-supervisor.ts";
import type { ClusterOptions, Target } from "./target.ts";

const FIRST_LEADER_WITHIN_MS = 60_000;

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
    failover: true,
    "versioned-put": true,
    append: true,
    delete: true,
  },
  start: (options) => startLocal(options),
};

/** Starts a fresh cluster, its processes on `network` if there is one, and waits for its leader. */
export async function startLocal(
  options: ClusterOptions,
  network?: LocalNetwork,
): Promise<LocalCluster> {
  const path = configFile(options.dir);
  if (existsSync(path)) {
    const what = "the directory holds the data of a cluster already";
    const fix = "give a directory that is empty or does not exist";
    throw new UserError("cannot start a fresh cluster", [{ where: path, what, fix }]);
  }
  const { snapshotEveryBytes, leaseReads } = options;
  const isUsual = snapshotEveryBytes === undefined && leaseReads === undefined;
  const raft = isUsual ? {} : { raft: { snapshotEveryBytes, leaseReads } };
  const startedUs = (performance.timeOrigin + performance.now()) * 1000;
  const cluster = new LocalCluster(
    await LocalSupervisor.start({ ...options, ...raft, network }),
    options,
    startedUs,
  );
  try {
    await cluster.leader(FIRST_LEADER_WITHIN_MS);
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}
