import { close, fdatasyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { promisify } from "node:util";
import * as v from "valibot";
import { createStateMachine, type SessionedStore } from "../../kv/sessions.ts";
import { UserError } from "../../lib/user-error.ts";
import {
  attempt,
  cannotWrite,
  checkFound,
  HEAD_BYTES,
  headOf,
  loadSnapshot,
  readHead,
  writeAll,
} from "./backup-bytes.ts";

/** A backup of a cluster with one group: one file, a head with BackupMeta and then a snapshot (backup-bytes.ts). */
const MAGIC = "ordeal-backup 1\n";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** What every head says of the snapshot behind it. */
export const SNAPSHOT_META = {
  /** Of the cluster that it was taken of. */
  clusterId: v.pipe(v.string(), v.minLength(1)),
  /** The state is that after this entry of its log, and the entry's term. */
  index: count,
  term: count,
  /** ISO 8601, by the clock of the machine that wrote the file. */
  takenAt: v.pipe(v.string(), v.isoTimestamp()),
  /** The node that gave it, and the version of Ordeal that it ran. */
  node: count,
  version: v.string(),
  keys: count,
  sessions: count,
  /** Of the snapshot: its length, and the checksum over the whole in hexadecimal. */
  bytes: count,
  checksum: v.pipe(v.string(), v.regex(/^[0-9a-f]{8}$/)),
};
const Meta = v.strictObject(SNAPSHOT_META);
export type BackupMeta = v.InferOutput<typeof Meta>;

/** A snapshot that a node sends, in its stored form, and what that node says of itself. */
export type BackupSource = Pick<BackupMeta, "node" | "version"> & {
  readonly snapshot: AsyncIterable<Uint8Array>;
};

/**
 * Writes a backup from the bytes of a snapshot as they come, reads it again to its end, loads it, and only then
 * gives it its name; `path` must not exist. Throws UserError when the bytes are no whole snapshot, or
 * the file cannot be written (a full disk); nothing is left then. Readable for its owner only: it holds all data.
 */
export async function writeBackup(
  path: string,
  { node, version, snapshot }: BackupSource,
): Promise<BackupMeta> {
  return writeWhole(path, async (file, partial) => {
    const bytes = await writeSnapshot(file, snapshot, HEAD_BYTES);
    const { meta } = load(partial, bytes);
    const whole = { node, version, ...meta, takenAt: new Date().toISOString() };
    await writeAll(file, headOf(MAGIC, whole), 0);
    return () => readBackup(partial).meta;
  });
}

/**
 * Has a file written beside `path` and checked (by what `fill` gives, once the file is closed), and only then gives it
 * that name. Rejects with UserError, and leaves nothing.
 */
export async function writeWhole<T>(
  path: string,
  fill: (file: number, partial: string) => Promise<() => T>,
): Promise<T> {
  const partial = `${path}.partial`;
  const file = attempt(path, () => openSync(partial, "wx", 0o600));
  try {
    let check: () => T;
    try {
      check = await fill(file, partial);
      fdatasyncSync(file);
    } finally {
      await closeFile(file);
    }
    const checked = check();
    renameSync(partial, path);
    return checked;
  } catch (error) {
    rmSync(partial, { force: true });
    if (error instanceof UserError) throw error;
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw cannotWrite(path, error as Error);
  }
}

const closeFile = promisify(close);

/** Resolves with how many bytes it has. */
export async function writeSnapshot(
  file: number,
  snapshot: AsyncIterable<Uint8Array>,
  from: number,
): Promise<number> {
  let at = from;
  for await (const bytes of fromNode(snapshot)) at += await writeAll(file, bytes, at);
  return at - from;
}

/** What goes wrong with what a node sends is not to be taken for what the disk here says. */
async function* fromNode(snapshot: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* snapshot;
  } catch (error) {
    const what = (error as Error).message;
    const fix = "the node has ended or was cut off: try again; nothing is left of the attempt";
    throw new UserError("cannot take the backup", [{ where: "what the node sends", what, fix }]);
  }
}

/**
 * Reads a backup to its end, checks every byte of it, and loads it. Throws UserError that says what is
 * wrong with it, and where.
 */
export function readBackup(path: string): {
  readonly meta: BackupMeta;
  readonly machine: SessionedStore;
} {
  const meta = readHead(path, 0, MAGIC, Meta);
  const behind = attempt(path, () => statSync(path).size) - HEAD_BYTES;
  // All of it: what follows the end of the snapshot is damage too.
  const { machine, meta: found } = load(path, Math.max(behind, meta.bytes));
  checkFound(path, meta, found);
  return { meta, machine };
}

type Loaded = {
  readonly machine: SessionedStore;
  readonly meta: Omit<BackupMeta, "takenAt" | "node" | "version">;
};

function load(path: string, bytes: number): Loaded {
  const machine = createStateMachine();
  const found = loadSnapshot(path, HEAD_BYTES, bytes, machine);
  const { store, sessionCount: sessions } = machine;
  return { machine, meta: { ...found, keys: store.size, sessions } };
}
