import { until } from "../../target/until.ts";
import { isSupervised, removeRecord, runningCluster } from "./record.ts";

/** Longer than the supervisor itself waits for its nodes before it kills them. */
const STOP_WITHIN_MS = 30_000;
const KILL_WITHIN_MS = 10_000;

/** Ends the cluster that runs in `dir`; resolves once its processes are gone. Throws UserError. */
export async function stopCluster(dir: string): Promise<void> {
  const { supervisorPid, nodes } = runningCluster(dir);
  process.kill(supervisorPid, "SIGTERM");
  try {
    await until("the supervisor ends", STOP_WITHIN_MS, () => !isSupervised(dir));
  } catch {
    process.kill(supervisorPid, "SIGKILL"); // Its nodes end with it.
    await until("the supervisor is gone", KILL_WITHIN_MS, () => !isSupervised(dir));
    removeRecord(dir);
  }
  console.error(`stopped ${nodes.length} nodes; their data stay in ${dir}`);
}
