import { type Problem, UserError } from "../lib/user-error.ts";

/**
 * Stored bytes that are not what was written: the node must not start from them, and nothing was
 * changed. Like a UserError it is for a person to read, without a stack; unlike one it is nobody's
 * mistake (exit 70).
 */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly problem: Problem;

  constructor(what: string, where: string) {
    const fix =
      "keep a copy of the directory, then restore it from a backup or replace this node; " +
      "a majority of the other nodes still holds every acknowledged write";
    super(`damaged data, not started\n  ${where}: ${what}\n    fix: ${fix}`);
    this.problem = { where, what, fix };
  }
}

/** The code of a failed file operation, "" when it has none. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error) || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}

const UNUSABLE: Readonly<Record<string, string>> = {
  EACCES: "no permission",
  EPERM: "no permission",
  EROFS: "the file system is read-only",
  ENOTDIR: "a part of the path is not a directory",
  EEXIST: "it is not a directory",
  ENOSPC: "no space left on the device",
  EDQUOT: "over the disk quota",
  EMFILE: "too many open files",
};

/** Runs the start-up `work` on `dir`; failures that a person can put right become a UserError. */
export function usingDirectory<T>(dir: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const what = UNUSABLE[errorCode(error)];
    if (what === undefined) throw error;
    throw new UserError("cannot use the data directory", [
      { where: dir, what, fix: "choose a directory this user can write to, with space left" },
    ]);
  }
}
