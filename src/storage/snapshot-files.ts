import { asGroup, GROUP_1, type GroupId, type LogIndex } from "../lib/ids.ts";
import type { Millis, SnapshotMeta } from "../raft/api.ts";
import { WireError } from "../wire/bytes.ts";
import type { FileHandle, FilePort } from "./file-port.ts";
import type { StorageIdentity } from "./log-storage.ts";
import { SnapshotDecoder } from "./snapshot-format.ts";
import { ReceivedFile, StateFile } from "./snapshot-write.ts";
import type {
  SnapshotReceiver,
  SnapshotSink,
  SnapshotStorage,
  StoredSnapshot,
} from "./snapshot-storage.ts";
import { StorageError, usingDirectory } from "./storage-error.ts";

/** An older snapshot that a follower is being sent is kept for so long after its last read. */
const KEEP_READ_MS = 30_000;
/** Buffers for reads, of as many bytes as the core asks for at once. */
const BUFFERS_KEPT = 8;
/** How much is read at once when a node starts. */
const LOAD_BYTES = 1 << 20;

export const SNAPSHOT_NAME = /^snapshot-(\d{16})\.snap$/;
export const UNFINISHED_NAME = /^snapshot-.*\.(own|received)$/;
const GROUP_DIR = /^group-([1-9]\d*)$/;

/** Where the snapshots of a group are: those of group 1 in `dir` itself, as in a node that has no other. */
export const snapshotsOf = (dir: string, group: GroupId): string =>
  group === GROUP_1 ? dir : `${dir}/group-${group}`;

/** The groups that have a directory there, group 1 left out. */
export const groupsIn = (names: readonly string[]): GroupId[] =>
  names
    .flatMap((name) => GROUP_DIR.exec(name)?.[1] ?? [])
    .map((id) => asGroup(Number(id)))
    .sort((a, b) => a - b);

const nameOf = (index: number): string => `snapshot-${String(index).padStart(16, "0")}.snap`;

export type SnapshotFilesOptions = {
  readonly port: FilePort;
  /** Created when missing, by `openSnapshots` or with the first snapshot. The caller holds its lock. */
  readonly dir: string;
  readonly identity: StorageIdentity;
  readonly now: () => Millis;
};

/** Takes the state machine's bytes when a node starts. */
export type StateLoader = { write(bytes: Uint8Array): void; finish(): void };

export type OpenedSnapshots = {
  readonly snapshots: FileSnapshots;
  /** Snapshots that could not be used, with why; the one before it was. */
  readonly damaged: readonly string[];
};

/**
 * Opens the snapshots in `options.dir` and loads the newest sound one into `begin()`. Unfinished and
 * older ones are deleted. A damaged one is passed over for the one before it; whether the log reaches
 * back to that, recovery finds out. Throws StorageError when all are damaged.
 */
export function openSnapshots(
  options: SnapshotFilesOptions,
  begin: () => StateLoader,
): OpenedSnapshots {
  const { port, dir } = options;
  return usingDirectory(dir, () => {
    port.mkdir(dir);
    const names = port.list(dir);
    // A process that was killed may have left names that only memory holds: now they may be relied on.
    port.syncDirNow(dir);
    for (const name of names) if (UNFINISHED_NAME.test(name)) port.unlink(`${dir}/${name}`);
    const sound = names.filter((name) => SNAPSHOT_NAME.test(name)).sort();
    const damaged: string[] = [];
    let newestPath = dir;
    for (let i = sound.length - 1; i >= 0; i--) {
      const path = `${dir}/${sound[i]!}`;
      try {
        const newest = load(options, path, begin());
        for (const name of sound.slice(0, i)) port.unlink(`${dir}/${name}`);
        return { snapshots: new FileSnapshots(options, newest), damaged };
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        newestPath = damaged.length === 0 ? path : newestPath;
        damaged.push(`${path}: ${error.message}`);
      }
    }
    if (damaged.length > 0)
      throw new StorageError(`no snapshot is sound: ${damaged.join("; ")}`, { path: newestPath });
    return { snapshots: new FileSnapshots(options, null), damaged };
  });
}

/** Reads one into `loader`, checking all of it. Throws WireError when it is damaged. */
function load(
  { port, identity }: SnapshotFilesOptions,
  path: string,
  loader: StateLoader,
): StoredSnapshot {
  const decoder = new SnapshotDecoder(identity.clusterId, (bytes) => loader.write(bytes));
  const file = port.open(path);
  let at = 0;
  try {
    const bytes = new Uint8Array(LOAD_BYTES);
    for (let got = -1; got !== 0; at += got) {
      got = port.readAt(file, bytes, at);
      decoder.write(bytes.subarray(0, got));
    }
  } finally {
    port.close(file);
  }
  const { meta } = decoder;
  if (meta === null || !decoder.ended) throw new WireError("snapshot: cut short");
  loader.finish();
  return { meta, totalBytes: at };
}

type Kept = StoredSnapshot & { file: FileHandle | null; reads: number; lastReadAt: Millis };

/**
 * The snapshots of a group in files, one file each; the newest, and older ones that are being read. Made by
 * openSnapshots, or with null for a directory that is not there yet.
 */
export class FileSnapshots implements SnapshotStorage {
  readonly #options: SnapshotFilesOptions;
  readonly #kept = new Map<LogIndex, Kept>();
  #newest: StoredSnapshot | null = null;
  #own: StateFile | null = null;
  #received: ReceivedFile | null = null;
  #begun = 0;
  readonly #buffers: Uint8Array[] = [];
  #closed = false;

  constructor(options: SnapshotFilesOptions, newest: StoredSnapshot | null) {
    this.#options = options;
    if (newest !== null) this.#keep(newest);
  }

  get newest(): StoredSnapshot | null {
    return this.#newest;
  }

  begin(meta: SnapshotMeta): SnapshotSink {
    this.#own?.abandon();
    const { port, dir, identity } = this.#options;
    port.mkdir(dir);
    const path = this.#unfinishedPath(meta, "own");
    this.#own = new StateFile(port, path, meta, identity, (totalBytes, done) => {
      this.#publish(path, { meta, totalBytes }, done);
    });
    return this.#own;
  }

  receive(
    meta: SnapshotMeta,
    totalBytes: number,
    state: (bytes: Uint8Array) => void,
  ): SnapshotReceiver {
    this.#received?.abandon();
    const { port, dir, identity } = this.#options;
    port.mkdir(dir);
    const path = this.#unfinishedPath(meta, "received");
    const decoder = new SnapshotDecoder(identity.clusterId, state);
    this.#received = new ReceivedFile(port, path, { meta, totalBytes }, decoder, (done) => {
      this.#publish(path, { meta, totalBytes }, done);
    });
    return this.#received;
  }

  read(
    lastIndex: LogIndex,
    offset: number,
    bytesMax: number,
    done: (data: Uint8Array | null, totalBytes: number) => void,
  ): void {
    const { port, now } = this.#options;
    const kept = this.#kept.get(lastIndex);
    if (kept === undefined) return done(null, 0);
    kept.lastReadAt = now();
    kept.file ??= port.open(this.#path(lastIndex));
    kept.reads++;
    const buffer = this.#buffer(bytesMax);
    port.readLater(kept.file, buffer.subarray(0, bytesMax), offset, (error, got) => {
      kept.reads--;
      if (this.#closed) return this.#release(kept);
      if (error !== null) done(null, 0);
      else done(buffer.subarray(0, got), kept.totalBytes);
      if (this.#buffers.length < BUFFERS_KEPT) this.#buffers.push(buffer);
    });
  }

  /** One that is free: thousands of chunks are read for one follower, which would be garbage. */
  #buffer(size: number): Uint8Array {
    const buffer = this.#buffers.pop();
    return buffer !== undefined && buffer.length >= size ? buffer : new Uint8Array(size);
  }

  /** Closes all files; what is unfinished is deleted when the node starts again. */
  close(): void {
    this.#closed = true;
    this.#own?.leave();
    this.#received?.leave();
    for (const kept of this.#kept.values()) this.#release(kept);
  }

  /** Gives the finished, synced file its name; from then on it is the newest. */
  #publish(from: string, stored: StoredSnapshot, done: (error: Error | null) => void): void {
    const { port, dir } = this.#options;
    const { lastIndex } = stored.meta;
    if (this.#closed) return;
    try {
      // Ours and a leader's may be the same age: the one that followers are being sent stays.
      if (this.#newest !== null && this.#newest.meta.lastIndex >= lastIndex) {
        port.unlink(from);
        return done(null);
      }
      port.rename(from, this.#path(lastIndex));
    } catch (error) {
      return done(error as Error);
    }
    port.syncDir(dir, (error) => {
      if (this.#closed) return;
      if (error !== null) return done(error);
      this.#keep(stored);
      this.#deleteOld();
      done(null);
    });
  }

  #keep(stored: StoredSnapshot): void {
    this.#kept.set(stored.meta.lastIndex, {
      ...stored,
      file: null,
      reads: 0,
      lastReadAt: -Infinity,
    });
    this.#newest = stored;
  }

  #deleteOld(): void {
    const { port, now } = this.#options;
    for (const [index, kept] of this.#kept) {
      const inUse = kept.reads > 0 || now() - kept.lastReadAt < KEEP_READ_MS;
      if (inUse || index === this.#newest?.meta.lastIndex) continue;
      this.#release(kept);
      this.#kept.delete(index);
      port.unlink(this.#path(index));
    }
  }

  #release(kept: Kept): void {
    if (kept.file === null || kept.reads > 0) return;
    this.#options.port.close(kept.file);
    kept.file = null;
  }

  /** Numbered: an abandoned file may be there until its last write has ended. */
  #unfinishedPath({ lastIndex }: SnapshotMeta, kind: "own" | "received"): string {
    return `${this.#path(lastIndex)}.${++this.#begun}.${kind}`;
  }

  #path(lastIndex: LogIndex): string {
    return `${this.#options.dir}/${nameOf(lastIndex)}`;
  }
}
