import { readdirSync, readFileSync } from "node:fs";
import { parseProcStat, type ProcStat } from "../lib/proc-stat.ts";

/** A process of a run that still was there when the run had ended. */
export type LeftOver = { readonly pid: number; readonly what: string };

/**
 * Those of `started`, children of this process, that still run or sleep, and what they forked. To be
 * asked once all should have ended; a number that another process has by now counts for nothing. On
 * Linux the kernel is asked for all processes; elsewhere for these alone.
 */
export function leftOver(started: readonly number[]): readonly LeftOver[] {
  if (process.platform !== "linux") {
    return started.filter(exists).map((pid) => ({ pid, what: "a process" }));
  }
  const ours = new Set(started);
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const stat = statOf(pid);
      if (stat === null || stat.state === "Z") return false;
      // A child that leads a session hands it on to what it forks, and keeps its number taken.
      return ours.has(pid) ? stat.parent === process.pid : ours.has(stat.session);
    })
    .map((pid) => ({ pid, what: commandOf(pid) }));
}

function statOf(pid: number): ProcStat | null {
  try {
    return parseProcStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return null; // It has ended meanwhile.
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, 4).join(" ");
  } catch {
    return "a process";
  }
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
