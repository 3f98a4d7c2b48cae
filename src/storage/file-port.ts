/** An open file; meaningful only to the FilePort that gave it. */
export type FileHandle = number;

/** Called once, from a later turn of the event loop. */
export type FileDone = (error: Error | null) => void;

/**
 * All that storage asks of a disk. runtime/disk.ts gives the real one; the simulator and chaos runs
 * put one below the node that loses unsynced writes, tears, flips, stalls or fails.
 *
 * Failures throw (or are given to `done`) as Errors with a `code` such as ENOENT, EIO or ENOSPC.
 * Nothing is durable before its sync: bytes before `sync`/`syncNow` of the file, names (create,
 * rename, unlink) before `syncDir`/`syncDirNow` of the directory.
 */
export type FilePort = {
  /** Creates the directory and its parents, durably; not an error when it exists. */
  mkdir(dir: string): void;
  /** Names of the entries of a directory, in no order. */
  list(dir: string): string[];
  /** Opens an existing file for reading and writing. */
  open(path: string): FileHandle;
  /** Creates a file that must not exist (EEXIST) and opens it. */
  create(path: string): FileHandle;
  close(file: FileHandle): void;
  /** The whole file in a buffer of its own, which the caller may keep views of. */
  read(path: string): Uint8Array;
  /** Fills `into` from `position` on; returns how many bytes there were: fewer at the end of the file. */
  readAt(file: FileHandle, into: Uint8Array, position: number): number;
  /** The same, away from the event loop. */
  readLater(
    file: FileHandle,
    into: Uint8Array,
    position: number,
    done: (error: Error | null, bytes: number) => void,
  ): void;
  /** Writes all of `bytes[start, end)` at `position`, without making it durable. */
  write(file: FileHandle, bytes: Uint8Array, start: number, end: number, position: number): void;
  /** Writes `bytes`, which must not change before `done`, away from the event loop. */
  writeLater(file: FileHandle, bytes: Uint8Array, position: number, done: FileDone): void;
  /** Sets the length; a file that grows reads as zeros there. */
  truncate(file: FileHandle, length: number): void;
  /**
   * Writes zeros over [start, end), in pieces and away from the event loop, and makes the file's
   * bytes durable. The blocks then exist, so that later writes among them change no metadata.
   */
  zero(file: FileHandle, start: number, end: number, done: FileDone): void;
  /** Makes the file's bytes durable (fdatasync) away from the event loop. */
  sync(file: FileHandle, done: FileDone): void;
  /** Makes the file's bytes durable before it returns. */
  syncNow(file: FileHandle): void;
  rename(from: string, to: string): void;
  unlink(path: string): void;
  /** Makes the names in a directory durable away from the event loop. */
  syncDir(dir: string, done: FileDone): void;
  syncDirNow(dir: string): void;
};
