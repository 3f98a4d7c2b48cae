import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "../../target/testing/processes.ts";
import type { ClusterRecord } from "../cluster/record.ts";

/**
 * Ends the clusters that still run in directories of `root`: those of tests that failed before they
 * stopped them. Their nodes end with their supervisors.
 */
export function endClusters(root: string): void {
  for (const name of readdirSync(root)) {
    const path = join(root, name, "cluster.json");
    if (!existsSync(path)) continue;
    const { supervisorPid } = JSON.parse(readFileSync(path, "utf8")) as ClusterRecord;
    if (isAlive(supervisorPid)) process.kill(supervisorPid, "SIGKILL");
  }
}
