import { LocalCluster } from "../local-cluster.ts";
import { localTarget, startLocal } from "../local.ts";
import type { Cluster, Target } from "../target.ts";
import { NetnsNetwork } from "./network.ts";

/**
 * Ordeal's own store, every node in a network namespace of its own with an address of its own: what
 * cuts links and loses packets is the kernel. Needs root, and says what else. The rest is as it is
 * with localTarget.
 */
export const netnsTarget: Target = {
  ...localTarget,
  name: "ordeal-netns",
  async start(options) {
    const network = await NetnsNetwork.open(options.nodes + (options.spares ?? 0));
    try {
      return closing(await startLocal(options, network), network);
    } catch (error) {
      await network.close();
      throw error;
    }
  },
};

/** The cluster, whose network goes when it is stopped. */
const closing = (cluster: LocalCluster, network: NetnsNetwork): Cluster => ({
  get nodeIds() {
    return cluster.nodeIds;
  },
  address: cluster.address,
  status: (withinMs) => cluster.status(withinMs),
  fault: (fault) => cluster.fault(fault),
  recover: () => cluster.recover(),
  events: () => cluster.events(),
  starts: () => cluster.starts(),
  shards: () => cluster.shards(),
  shardConfigs: () => cluster.shardConfigs(),
  failures: () => cluster.failures(),
  get pids() {
    return [...cluster.pids, ...network.pids];
  },
  stop: async () => {
    await cluster.stop();
    await network.close();
  },
});
