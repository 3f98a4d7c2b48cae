import { readFileSync } from "node:fs";
import { parseProcStat, type ProcStat } from "../lib/proc-stat.ts";

/** What Linux says of a process; null: there is none. Elsewhere always null. */
export function procStat(pid: number): ProcStat | null {
  try {
    return parseProcStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return null;
  }
}

/** Whether SIGSTOP has taken effect. Linux. */
export const isStopped = (pid: number): boolean => procStat(pid)?.state === "T";
