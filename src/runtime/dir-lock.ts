import { dlopen, FFIType } from "bun:ffi";
import fs from "node:fs";
import { UserError } from "../lib/user-error.ts";
import { usingDirectory } from "../storage/storage-error.ts";

export type DirLock = { release(): void };

const LOCK_NAME = "lock";
const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * Keeps every other process off `dir` (created when missing) until `release` or the end of this
 * process, however it ends: the kernel drops a flock with its owner, so nothing is ever left to
 * clean up. Works within one machine; on a network file system as far as that supports flock.
 * Throws UserError when another process holds the directory or it cannot be written.
 */
export function lockDirectory(dir: string): DirLock {
  const path = `${dir}/${LOCK_NAME}`;
  const file = usingDirectory(dir, () => {
    fs.mkdirSync(dir, { recursive: true });
    return fs.openSync(path, "a+");
  });
  if (!tryFlock(file)) {
    const owner = fs.readFileSync(path, "utf8").trim();
    fs.closeSync(file);
    throw new UserError("cannot use the data directory", [
      {
        where: dir,
        what: `another process${owner === "" ? "" : ` (pid ${owner})`} is using it`,
        fix: "stop that process, or give this node a directory of its own",
      },
    ]);
  }
  fs.ftruncateSync(file, 0);
  fs.writeSync(file, `${process.pid}\n`);
  return { release: () => fs.closeSync(file) };
}

function tryFlock(file: number): boolean {
  const libc = dlopen(libcName(), {
    flock: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  });
  try {
    return libc.symbols.flock(file, LOCK_EX | LOCK_NB) === 0;
  } finally {
    libc.close();
  }
}

function libcName(): string {
  if (process.platform === "darwin") return "libSystem.B.dylib";
  return fs.existsSync("/etc/alpine-release") ? "libc.so" : "libc.so.6";
}
