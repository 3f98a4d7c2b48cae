import type { NodeAddress, NodeConfigFile } from "./config.ts";
import type { Log } from "./logging.ts";
import { fsyncOf } from "./node-status.ts";
import type { OpenStorage } from "./open-storage.ts";

/** Logs that a node listens, and what it found in its directory. */
export function logStarted(
  log: Log,
  config: NodeConfigFile,
  { report, mayVote, groups }: OpenStorage,
  at: Pick<NodeAddress, "peerPort" | "clientPort" | "httpPort"> & {
    readonly term: number;
    readonly lastIndex: number;
  },
): void {
  const { storage, clusterId } = config;
  const { fsync, unsafe } = fsyncOf(config);
  const { term, lastIndex, peerPort, clientPort, httpPort } = at;
  const fields = {
    ...{ event: "started", term, lastIndex, storage, fsync, clusterId },
    ...{ peerPort, clientPort, httpPort },
    ...(report && { recovered: report }),
    ...(config.sharding && { groups: groups.length }),
  };
  log.info(fields, "the node listens");
  if (unsafe !== null) log.warn({ event: "unsafe", fsync }, unsafe);
  if (report !== null && report.tornBytes > 0) {
    const { tornBytes: bytes, tornAt: where } = report;
    const text = `cut ${bytes} bytes of a torn last record, which was never acknowledged`;
    log.warn({ event: "tornTailCut", bytes, at: where }, text);
  }
  for (const reason of report?.damagedSnapshots ?? []) {
    const text = "a snapshot is damaged, an older one was used";
    log.error({ event: "snapshotDamaged", reason }, text);
  }
  if (!mayVote) {
    log.error({ event: "dataLost" }, "the node's data are gone: it takes no part; replace it");
  }
}
