import { availableParallelism } from "node:os";

/** Whether processes can be given processors of their own here: Linux, two of them, and taskset of util-linux. */
export const canPin = (): boolean =>
  process.platform === "linux" && availableParallelism() > 1 && Bun.which("taskset") !== null;

/** Lets a process, with all its threads and those to come, run on one processor only. */
export function pin(pid: number, processor: number): void {
  const { exitCode, stderr } = Bun.spawnSync([
    ...["taskset", "--all-tasks", "--cpu-list", "--pid", `${processor}`, `${pid}`],
  ]);
  if (exitCode !== 0) throw new Error(`taskset: ${stderr.toString()}`);
}
