import { UserError } from "../../lib/user-error.ts";
import { findBinary, versionOf } from "../external/binary.ts";
import { ExternalCluster } from "../external/cluster.ts";
import { newNodes, refuseOptions, withFreePorts } from "../external/nodes.ts";
import {
  type Cluster,
  type ClusterOptions,
  survivesText,
  type Target,
  type Terms,
} from "../target.ts";
import { persistenceOf, RedisSystem } from "./system.ts";

const NODES_FOR_FAILOVER = 3;

const COMMON: Omit<Target["can"], "partition" | "delay" | "failover"> = {
  scan: "its keys have no order: SCAN goes by their hashes",
  timers: "it has no elections of its own; the failover beside it has its timers",
  ...{ crash: true, pause: true, memory: true, "versioned-put": true, append: true, delete: true },
  loss: "replication is one TCP stream; bytes lost in it would be no loss of messages, but garbage",
  disk: "its files are on the disk of this machine, with nothing below that could fail",
  connection: "its links are proxies of bytes, which cut and delay, and do no more",
  orders: "its nodes are driven as processes, and given no orders from here",
  recording: "only Ordeal's own nodes record",
  clock: "it asks the system for the time",
  sharded: "Redis Cluster is not driven from here",
  membership: "changes of its replicas are not driven from here",
};

/** Nothing waits for a replica: what is acknowledged is on the primary alone. */
const TERMS: Terms = {
  client:
    "RESP without a library, up to two connections to a node, commands of a turn in one write",
  durability: ({ storage, fsync }) => ({
    survives: survivesText(whereOf(storage, fsync), "one", 1),
    how: persistenceOf({ storage, fsync }).join(" ").replaceAll("--", ""),
  }),
};

function whereOf(storage: ClusterOptions["storage"], fsync: ClusterOptions["fsync"]) {
  if (storage === "memory") return "in memory only";
  return fsync === "never" ? "on disk, NOT synced" : "on disk, synced";
}

/** One redis-server, which syncs its append-only file before it acknowledges. */
export const redisTarget: Target = {
  name: "redis",
  nodesMax: 1,
  get version() {
    return versionOf("redis-server");
  },
  can: {
    ...COMMON,
    partition: "a single process has no links",
    delay: "a single process has no links",
    failover: "a single process has nobody to take over",
  },
  terms: TERMS,
  start: (options) => start("redis", options),
};

/** A primary and replicas with asynchronous replication, and the failover of failover.ts. */
export const redisFailoverTarget: Target = {
  name: "redis-failover",
  get version() {
    return versionOf("redis-server");
  },
  can: { ...COMMON, partition: true, delay: true, failover: true },
  terms: TERMS,
  async start(options) {
    if (options.nodes >= NODES_FOR_FAILOVER) return start("redis-failover", options);
    const what = `${options.nodes} nodes have no majority without one of them`;
    const fix = `ask for ${NODES_FOR_FAILOVER} or more, or for the target redis`;
    throw new UserError("redis-failover cannot be started", [{ where: "nodes", what, fix }]);
  },
};

async function start(name: string, options: ClusterOptions): Promise<Cluster> {
  const binary = findBinary("redis-server");
  refuseOptions(name, options);
  return withFreePorts(async () => {
    const cluster = new ExternalCluster(newNodes(options), options);
    await cluster.start(new RedisSystem(name, binary, cluster, options));
    return cluster;
  });
}
