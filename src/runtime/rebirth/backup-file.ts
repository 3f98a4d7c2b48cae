import {
  close,
  closeSync,
  fdatasyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  write,
} from "node:fs";
import { promisify } from "node:util";
import * as v from "valibot";
import { createStateMachine, type SessionedStore } from "../../kv/sessions.ts";
import { SnapshotFormatError } from "../../kv/snapshot-format.ts";
import { crc32 } from "../../lib/crc32.ts";
import { type Problem, UserError } from "../../lib/user-error.ts";
import { SnapshotDecoder } from "../../storage/snapshot-format.ts";
import { WireError } from "../../wire/bytes.ts";

/**
 * A backup: one file, a head of 4,096 bytes and then a snapshot in its stored form
 * (storage/snapshot-format.ts), which carries a checksum for every chunk and one over the whole.
 *
 *   offset  bytes  field
 *        0         "ordeal-backup 1", a line; then BackupMeta as JSON, a line; then spaces
 *    4,092      4  u32 crc32 of the 4,092 bytes before, little-endian
 *    4,096         the snapshot
 */
export const HEAD_BYTES = 4_096;
const MAGIC = "ordeal-backup 1\n";
const READ_BYTES = 1 << 20;

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const Meta = v.strictObject({
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
});
export type BackupMeta = v.InferOutput<typeof Meta>;

/** A snapshot that a node sends, in its stored form, and what that node says of itself. */
export type BackupSource = Pick<BackupMeta, "node" | "version"> & {
  readonly snapshot: AsyncIterable<Uint8Array>;
};

const writeAt = promisify(write);
const closeFile = promisify(close);

/**
 * Writes a backup from the bytes of a snapshot as they come, reads it again to its end, loads it, and only then
 * gives it its name; `path` must not exist. Throws UserError when the bytes are no whole snapshot, or
 * the file cannot be written (a full disk); nothing is left then. Readable for its owner only: it holds all data.
 */
export async function writeBackup(
  path: string,
  { node, version, snapshot }: BackupSource,
): Promise<BackupMeta> {
  const partial = `${path}.partial`;
  const file = attempt(path, () => openSync(partial, "wx", 0o600));
  try {
    try {
      let at = HEAD_BYTES;
      for await (const bytes of snapshot) at += await writeAll(file, bytes, at);
      const loaded = loadSnapshot(partial, at - HEAD_BYTES);
      const meta = { node, version, ...loaded.meta, takenAt: new Date().toISOString() };
      await writeAll(file, headOf(meta), 0);
      fdatasyncSync(file);
    } finally {
      await closeFile(file);
    }
    const { meta } = readBackup(partial);
    renameSync(partial, path);
    return meta;
  } catch (error) {
    rmSync(partial, { force: true });
    if (error instanceof UserError) throw error;
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw cannotWrite(path, error as Error);
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
  const meta = readHead(path);
  const { machine, meta: found } = loadSnapshot(path, meta.bytes);
  const differs = Object.entries(found).filter(
    ([name, value]) => meta[name as keyof BackupMeta] !== value,
  );
  const [first] = differs;
  if (first === undefined) return { meta, machine };
  const [name, value] = first;
  throw damaged(
    path,
    `the head says ${name} ${meta[name as keyof BackupMeta]}, the snapshot has ${value}`,
  );
}

type Found = Omit<BackupMeta, "takenAt" | "node" | "version">;

function headOf(meta: BackupMeta): Uint8Array {
  const text = new TextEncoder().encode(`${MAGIC}${JSON.stringify(meta)}\n`);
  const head = new Uint8Array(HEAD_BYTES).fill(0x20);
  head.set(text);
  const view = new DataView(head.buffer);
  view.setUint32(HEAD_BYTES - 4, crc32(head.subarray(0, HEAD_BYTES - 4)), true);
  return head;
}

function readHead(path: string): BackupMeta {
  const head = new Uint8Array(HEAD_BYTES);
  const file = attempt(path, () => openSync(path, "r"));
  let got: number;
  try {
    got = attempt(path, () => readSync(file, head, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(file);
  }
  const text = new TextDecoder().decode(head.subarray(0, HEAD_BYTES - 4));
  if (!text.startsWith(MAGIC)) throw damaged(path, "at offset 0: this is no backup of Ordeal");
  if (got < HEAD_BYTES) throw damaged(path, `it ends at offset ${got}, within its head`);
  const crc = new DataView(head.buffer).getUint32(HEAD_BYTES - 4, true);
  if (crc32(head.subarray(0, HEAD_BYTES - 4)) !== crc)
    throw damaged(path, "at offset 0: the head's checksum is wrong");
  const parsed = v.safeParse(Meta, JSON.parse(text.slice(MAGIC.length)));
  if (parsed.success) return parsed.output;
  throw damaged(path, `at offset ${MAGIC.length}: ${parsed.issues[0].message}`);
}

/** The snapshot of `bytes` bytes behind the head, loaded, with what can be told of it. */
function loadSnapshot(
  path: string,
  bytes: number,
): { readonly machine: SessionedStore; readonly meta: Found } {
  const machine = createStateMachine();
  const restore = machine.beginRestore();
  const decoder = new SnapshotDecoder(null, (piece) => restore.write(piece));
  const file = attempt(path, () => openSync(path, "r"));
  let at = HEAD_BYTES;
  try {
    const buffer = new Uint8Array(READ_BYTES);
    for (let got = -1; got !== 0; at += got) {
      got = attempt(path, () => readSync(file, buffer, 0, buffer.length, at));
      decoder.write(buffer.subarray(0, got));
    }
    if (at - HEAD_BYTES < bytes || !decoder.ended || decoder.meta === null) {
      throw new WireError(`it is cut short: ${at - HEAD_BYTES} of ${bytes} bytes are there`);
    }
    restore.finish();
  } catch (error) {
    if (!(error instanceof WireError || error instanceof SnapshotFormatError)) throw error;
    throw damaged(path, `between offset ${at} and ${at + READ_BYTES}: ${error.message}`);
  } finally {
    closeSync(file);
  }
  const { lastIndex: index, lastTerm: term } = decoder.meta;
  const checksum = decoder.checksum.toString(16).padStart(8, "0");
  const { store, sessionCount: sessions } = machine;
  const clusterId = decoder.clusterId;
  return { machine, meta: { clusterId, index, term, keys: store.size, sessions, bytes, checksum } };
}

async function writeAll(file: number, bytes: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await writeAt(file, bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
  return done;
}

function attempt<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") {
      const fix = "another backup is being written there, or was broken off: remove the file";
      throw new UserError("cannot write the backup", [
        { where: `${path}.partial`, what: "it exists", fix },
      ]);
    }
    throw new UserError("cannot use the file", [
      { where: path, what: message, fix: "give a file in a directory that this user may use" },
    ]);
  }
}

const cannotWrite = (where: string, { message }: Error): UserError =>
  new UserError("cannot write the backup", [
    {
      where,
      what: message,
      fix: "make room, or name a file on another disk; nothing is left of it",
    },
  ]);

const damaged = (where: string, what: string): UserError => {
  const fix = "use another copy of the backup; nothing was changed";
  const problem: Problem = { where, what, fix };
  return new UserError("the backup cannot be used", [problem]);
};
