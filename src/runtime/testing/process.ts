import { procStat } from "../proc.ts";

/** Whether a process runs or is stopped; a zombie that nobody has waited for does neither. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== "linux") return true;
  const stat = procStat(pid);
  return stat !== null && stat.state !== "Z";
}
