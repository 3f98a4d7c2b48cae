import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { UserError } from "../../lib/user-error.ts";
import type { NodeDirs } from "../../storage/inspect-node.ts";
import { segmentNumber } from "../../storage/segment.ts";

/** Where a node's data are, and who may be writing to them. */
export type NodeDir = NodeDirs & {
  readonly dir: string;
  /** The process that holds the directory: what it writes now may be seen in part. Null: none. */
  readonly pid: number | null;
};

/**
 * Finds the data of a node in its own directory or in its wal directory. Throws UserError for anything
 * else; for a cluster's directory it names the nodes there.
 */
export function nodeDir(given: string): NodeDir {
  const path = resolve(given);
  const names = list(path, given);
  if (names.some((name) => segmentNumber(name) !== null)) return withSnapshots(dirname(path), path);
  if (names.includes("wal")) return withSnapshots(path, join(path, "wal"));
  const nodes = names.filter((name) => /^node-\d+$/.test(name));
  throw new UserError("this is no node's directory", [
    nodes.length > 0
      ? {
          where: given,
          what: "it is a cluster's",
          fix: `name one of its nodes: ${nodes.map((name) => join(given, name)).join(", ")}`,
        }
      : {
          where: given,
          what: "there is no log in it",
          fix: "give the directory of a node: node-N in the cluster's directory",
        },
  ]);
}

function withSnapshots(dir: string, wal: string): NodeDir {
  const snapshots = join(dir, "snapshots");
  return { dir, wal, snapshots: existsSync(snapshots) ? snapshots : null, pid: holderOf(dir) };
}

function list(path: string, given: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    const what = (error as Error).message;
    throw new UserError("this is no node's directory", [
      { where: given, what, fix: "give a directory that this user may read" },
    ]);
  }
}

/**
 * Whoever wrote its number into the lock, if that process lives. The lock itself is not tried: taken
 * for an instant, it could keep a node from starting.
 */
function holderOf(dir: string): number | null {
  try {
    const pid = Number(readFileSync(join(dir, "lock"), "utf8"));
    if (!Number.isInteger(pid) || pid <= 0) return null;
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    // A process of another user lives, too.
    return (error as NodeJS.ErrnoException).code === "EPERM"
      ? Number(readFileSync(join(dir, "lock"), "utf8"))
      : null;
  }
}

const ATTEMPTS = 5;

/** Runs `look` again when a file that it had listed is gone: the node that runs there deleted it. */
export function whileItRuns<T>({ pid }: NodeDir, look: () => T): T {
  for (let attempt = 1; ; attempt++) {
    try {
      return look();
    } catch (error) {
      const gone = (error as NodeJS.ErrnoException).code === "ENOENT";
      if (!gone || pid === null || attempt === ATTEMPTS) throw error;
    }
  }
}

/** For people: that the node runs, and what that means for what is read. */
export const runningNote = ({ pid }: NodeDir): string[] =>
  pid === null
    ? []
    : [`process ${pid} runs on it: what it writes now may be missing, or look like a torn record`];
