import { readFileSync } from "node:fs";

/** Whether a process runs or is stopped; a zombie that nobody has waited for does neither. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== "linux") return true;
  try {
    // "pid (name) state …"; the name may hold anything, so the state is sought from the last ")".
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat[stat.lastIndexOf(")") + 2] !== "Z";
  } catch {
    return false;
  }
}
