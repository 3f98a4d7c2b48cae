import { GROUP_1 } from "../../lib/ids.ts";
import type { NodeConfigFile } from "../config.ts";
import { type MeasuredParts, metricsSource } from "../metrics/node-metrics.ts";
import type { AppOptions } from "./app.ts";

/** The parts of a node that its HTTP port shows and reaches. */
export type ServedParts = MeasuredParts &
  Pick<AppOptions, "admin" | "request"> & {
    /** As it is now. */
    readonly config: () => NodeConfigFile;
  };

export function appOptions(parts: ServedParts): AppOptions {
  const { admin, request, status, counters, groups, config, machines } = parts;
  return {
    ...{ admin, request, status, counters },
    metrics: metricsSource(parts),
    placeOf: (key) => groups.placeOf(key),
    stores: () => machines.stores(),
    core: (group) => groups.core(group),
    snapshots: (group) => groups.snapshotsOf(group),
    shards: () => config().sharding?.shards ?? null,
    snapshot: () => groups.snapshot(GROUP_1),
    urlOf: (nodeId) => {
      const node = config().nodes.find((n) => n.id === nodeId);
      const scheme = config().tls === undefined ? "http" : "https";
      return node && `${scheme}://${node.host}:${node.httpPort}`;
    },
  };
}
