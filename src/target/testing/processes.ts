import { readFileSync } from "node:fs";
import { procStat } from "../../runtime/proc.ts";

/** Whether a process still is one: a zombie that nobody has reaped is not. */
export function isAlive(pid: number): boolean {
  const stat = procStat(pid);
  return stat !== null && stat.state !== "Z";
}

/** The children of `pid`, from the kernel's own list. */
export const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
