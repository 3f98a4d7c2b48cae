import { readdirSync } from "node:fs";
import { procStat } from "../../runtime/proc.ts";

const AGAIN_MS = 5;
const WITHIN_MS = 10_000;

/**
 * SIGKILLs every process that descends from this one and returns once there is none, or after 10 s.
 * Orphans count where `adoptOrphans` was called. Linux; elsewhere it does nothing.
 */
export function killDescendants(): void {
  if (process.platform !== "linux") return;
  // Again and again, because one that is being ended may just have started another.
  for (let tries = WITHIN_MS / AGAIN_MS; tries > 0; tries--) {
    const pids = descendants(process.pid);
    if (pids.length === 0) return;
    for (const pid of pids) kill(pid);
    Bun.sleepSync(AGAIN_MS);
  }
}

/** Those that still run: a zombie needs no end, only a parent that waits for it. */
function descendants(ancestor: number): number[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const children = new Map<number, number[]>();
  const running = new Set<number>();
  for (const pid of all) {
    const stat = procStat(pid);
    if (stat === null) continue;
    children.set(stat.parent, [...(children.get(stat.parent) ?? []), pid]);
    if (stat.state !== "Z") running.add(pid);
  }
  const found = [ancestor];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found.slice(1).filter((pid) => running.has(pid));
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
