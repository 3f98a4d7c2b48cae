import { mkdtempSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";

/** Where Linux has a file system in memory. */
const TMPFS = "/dev/shm";
/** etcd alone fills 128 MiB a node with files for its log before it begins. */
const FREE_BYTES_MIN = 2 ** 30;
const PREFIX = "ordeal-";

/** Null, or why there is no file system in memory to keep data on. */
export function whyNoMemoryDir(): string | null {
  try {
    const { bavail, bsize } = statfsSync(TMPFS);
    if (bavail * bsize >= FREE_BYTES_MIN) return null;
    return `${TMPFS}, for files in memory, has less than ${FREE_BYTES_MIN >> 20} MiB free`;
  } catch {
    return `there is no ${TMPFS} for files in memory`;
  }
}

/**
 * A new directory whose files are in memory: where a sync costs next to nothing, for systems that
 * cannot be told to leave it out. Delete it at the end; those of processes that were killed before
 * they could are deleted here.
 */
export function newMemoryDir(): string {
  for (const name of readdirSync(TMPFS)) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) {
      rmSync(join(TMPFS, name), { recursive: true, force: true });
    }
  }
  return mkdtempSync(join(TMPFS, `${PREFIX}${process.pid}-`));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH"; // Or it is somebody else's.
  }
}
