import fs from "node:fs";
import { dirname, resolve } from "node:path";
import type { FileDone, FileHandle, FilePort } from "../storage/file-port.ts";

const ZEROS = new Uint8Array(1 << 20);
/** Zeros in flight before they are synced: a log sync that comes meanwhile waits for no more. */
const ZERO_SYNC_BYTES = 4 << 20;

/**
 * The real disk, by node:fs. What runs away from the event loop uses Bun's file thread pool, which
 * has two threads unless UV_THREADPOOL_SIZE says otherwise: two stalled operations would hold up
 * every sync of the log (bun#14398), so nodes are started with 8.
 */
export function diskPort(): FilePort {
  return {
    mkdir,
    list: (dir) => fs.readdirSync(dir),
    open: (path) => fs.openSync(path, "r+"),
    create: (path) => fs.openSync(path, "wx+"),
    close: (file) => fs.closeSync(file),
    read: readWhole,
    write: writeAll,
    truncate: (file, length) => fs.ftruncateSync(file, length),
    zero: zeroFrom,
    sync: (file, done) => fs.fdatasync(file, done),
    syncNow: (file) => fs.fdatasyncSync(file),
    rename: (from, to) => fs.renameSync(from, to),
    unlink: (path) => fs.unlinkSync(path),
    syncDir,
    syncDirNow,
  };
}

function mkdir(dir: string): void {
  const first = fs.mkdirSync(dir, { recursive: true });
  if (first === undefined) return;
  const stop = dirname(resolve(first));
  for (let at = resolve(dir); at !== stop; at = dirname(at)) syncDirNow(dirname(at));
}

function readWhole(path: string): Uint8Array {
  const file = fs.openSync(path, "r");
  try {
    const bytes = new Uint8Array(fs.fstatSync(file).size);
    let have = 0;
    while (have < bytes.length) {
      const got = fs.readSync(file, bytes, have, bytes.length - have, have);
      if (got === 0) throw new Error(`${path} became shorter while it was read`);
      have += got;
    }
    return bytes;
  } finally {
    fs.closeSync(file);
  }
}

/** A write may take fewer bytes (a full disk); the next attempt then says why. */
function writeAll(
  file: FileHandle,
  bytes: Uint8Array,
  start: number,
  end: number,
  position: number,
): void {
  let at = start;
  while (at < end) at += fs.writeSync(file, bytes, at, end - at, position + at - start);
}

function zeroFrom(file: FileHandle, start: number, end: number, done: FileDone): void {
  if (start >= end) return fs.fdatasync(file, done);
  const length = Math.min(ZEROS.length, end - start);
  fs.write(file, ZEROS, 0, length, start, (error, written) => {
    if (error !== null) return done(error);
    const next = start + written;
    const syncDue = Math.floor(next / ZERO_SYNC_BYTES) > Math.floor(start / ZERO_SYNC_BYTES);
    if (!syncDue || next >= end) return zeroFrom(file, next, end, done);
    fs.fdatasync(file, (syncError) => {
      if (syncError !== null) return done(syncError);
      zeroFrom(file, next, end, done);
    });
  });
}

function syncDir(dir: string, done: FileDone): void {
  fs.open(dir, "r", (openError, handle) => {
    if (openError !== null) return done(openError);
    fs.fsync(handle, (error) => {
      fs.closeSync(handle);
      done(error);
    });
  });
}

function syncDirNow(dir: string): void {
  const handle = fs.openSync(dir, "r");
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}
