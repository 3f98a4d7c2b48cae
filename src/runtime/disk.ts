import fs from "node:fs";
import { dirname, resolve } from "node:path";
import type { FileDone, FileHandle, FilePort } from "../storage/file-port.ts";

/**
 * Zeros are synced in pieces, one at a time: a sync of the log that comes meanwhile waits for one of
 * them. With pieces of 128 KiB it waits less, but each piece is a commit of the file system's journal and
 * two trips to a thread, and the log's syncs were outnumbered by these (docs/adr/0017).
 */
const ZEROS = new Uint8Array(512 << 10);

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
    readAt,
    readLater,
    write: writeAll,
    writeLater: (file, bytes, position, done) => writeFrom(file, bytes, 0, position, done),
    truncate: (file, length) => fs.ftruncateSync(file, length),
    zero: zeroFrom,
    sync: (file, done) => fs.fdatasync(file, done),
    syncNow: (file) => fs.fdatasyncSync(file),
    rename: (from, to) => fs.renameSync(from, to),
    unlink,
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

function writeFrom(
  file: FileHandle,
  bytes: Uint8Array,
  start: number,
  position: number,
  done: FileDone,
): void {
  fs.write(file, bytes, start, bytes.length - start, position + start, (error, written) => {
    if (error !== null) return done(error);
    if (start + written === bytes.length) return done(null);
    writeFrom(file, bytes, start + written, position, done);
  });
}

/** A read may give fewer bytes than there are; none means the end of the file. */
function readAt(file: FileHandle, into: Uint8Array, position: number): number {
  let have = 0;
  for (let got = -1; have < into.length && got !== 0; have += got) {
    got = fs.readSync(file, into, have, into.length - have, position + have);
  }
  return have;
}

function readLater(
  file: FileHandle,
  into: Uint8Array,
  position: number,
  done: (error: Error | null, bytes: number) => void,
): void {
  const { length } = into;
  const readFrom = (have: number): void => {
    if (have === length) return done(null, have);
    fs.read(file, into, have, length - have, position + have, (error, got) => {
      if (error !== null) return done(error, 0);
      if (got === 0) return done(null, have);
      readFrom(have + got);
    });
  };
  readFrom(0);
}

function zeroFrom(file: FileHandle, start: number, end: number, done: FileDone): void {
  const length = Math.min(ZEROS.length, end - start);
  if (length <= 0) return done(null);
  fs.write(file, ZEROS, 0, length, start, (writeError, written) => {
    if (writeError !== null) return done(writeError);
    fs.fdatasync(file, (syncError) => {
      if (syncError !== null) return done(syncError);
      zeroFrom(file, start + written, end, done);
    });
  });
}

/**
 * The name goes at once. To free the blocks takes 5 ms of CPU time for 64 MiB (and five times as long
 * on a busy disk): the file is held open until a thread of the pool closes it.
 */
function unlink(path: string): void {
  const file = fs.openSync(path, "r");
  try {
    fs.unlinkSync(path);
  } finally {
    // A file that was only read closes without error, and nobody could do anything about one.
    fs.close(file, () => {});
  }
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
