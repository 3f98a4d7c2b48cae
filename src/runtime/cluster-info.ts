import type { ClusterInfo } from "../wire/cluster-info.ts";
import type { NodeConfigFile } from "./config.ts";

/** What node `id` tells clients of the cluster: where else they can ask, as its config has it now. */
export const clusterInfo = (id: number, config: NodeConfigFile): ClusterInfo => ({
  clusterId: config.clusterId,
  id,
  shards: config.sharding?.shards ?? 0,
  nodes: config.nodes
    .map(({ id: node, host, clientPort }) => ({ id: node, host, clientPort }))
    .sort((a, b) => a.id - b.id),
});
