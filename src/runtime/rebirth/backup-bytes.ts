import { closeSync, openSync, readSync, write } from "node:fs";
import { promisify } from "node:util";
import * as v from "valibot";
import { SnapshotFormatError } from "../../kv/snapshot-format.ts";
import type { StateMachine } from "../../kv/state-machine.ts";
import { crc32 } from "../../lib/crc32.ts";
import { type Problem, UserError } from "../../lib/user-error.ts";
import { SnapshotDecoder } from "../../storage/snapshot-format.ts";
import { WireError } from "../../wire/bytes.ts";

/**
 * What backups are made of (backup-file.ts, backup-shards.ts): heads of 4,096 bytes, and behind them snapshots in their
 * stored form (storage/snapshot-format.ts), which carries a checksum for every chunk and one over the whole.
 *
 *   offset  bytes  field of a head
 *        0         what it is, a line; then its document as JSON, a line; then spaces
 *    4,092      4  u32 crc32 of the 4,092 bytes before, little-endian
 */
export const HEAD_BYTES = 4_096;
const READ_BYTES = 1 << 20;

export function headOf(magic: string, document: object): Uint8Array {
  const text = new TextEncoder().encode(`${magic}${JSON.stringify(document)}\n`);
  const head = new Uint8Array(HEAD_BYTES).fill(0x20);
  head.set(text);
  const view = new DataView(head.buffer);
  view.setUint32(HEAD_BYTES - 4, crc32(head.subarray(0, HEAD_BYTES - 4)), true);
  return head;
}

/** The document of the head at `at`. Throws UserError that says what is wrong with it, and where. */
export function readHead<const T extends v.GenericSchema>(
  path: string,
  at: number,
  magic: string,
  schema: T,
): v.InferOutput<T> {
  const document = v.pipe(v.string(), v.parseJson(), schema);
  const head = new Uint8Array(HEAD_BYTES);
  const got = readAt(path, head, at);
  const text = new TextDecoder().decode(head.subarray(0, HEAD_BYTES - 4));
  if (!text.startsWith(magic))
    throw damaged(path, `at offset ${at}: ${got === 0 ? "it ends" : absent(at, text)}`);
  if (got < HEAD_BYTES) throw damaged(path, `it ends at offset ${at + got}, within a head`);
  const crc = new DataView(head.buffer).getUint32(HEAD_BYTES - 4, true);
  if (crc32(head.subarray(0, HEAD_BYTES - 4)) !== crc)
    throw damaged(path, `at offset ${at}: the head's checksum is wrong`);
  const parsed = v.safeParse(document, text.slice(magic.length));
  if (parsed.success) return parsed.output;
  throw damaged(path, `at offset ${at + magic.length}: ${parsed.issues[0].message}`);
}

function absent(at: number, text: string): string {
  if (at > 0) return "the part of a group belongs here, and something else is";
  const [format] = /^ordeal-backup \d+(?=\n)/.exec(text) ?? [];
  if (format === undefined) return "this is no backup of Ordeal";
  return `the format "${format}" is not known to this version of Ordeal`;
}

/** Whether the file begins so. */
export function beginsWith(path: string, magic: string): boolean {
  const bytes = new Uint8Array(magic.length);
  readAt(path, bytes, 0);
  return new TextDecoder().decode(bytes) === magic;
}

export type FoundSnapshot = {
  readonly clusterId: string;
  readonly index: number;
  readonly term: number;
  readonly bytes: number;
  readonly checksum: string;
};

/** Loads the snapshot that is in `bytes` bytes from `from` on into the machine, and checks every byte of it. */
export function loadSnapshot(
  path: string,
  from: number,
  bytes: number,
  machine: Pick<StateMachine, "beginRestore">,
): FoundSnapshot {
  const restore = machine.beginRestore();
  const decoder = new SnapshotDecoder(null, (piece) => restore.write(piece));
  const file = attempt(path, () => openSync(path, "r"));
  const end = from + bytes;
  let at = from;
  try {
    const buffer = new Uint8Array(READ_BYTES);
    for (let got = -1; got !== 0; at += got) {
      got = attempt(path, () => readSync(file, buffer, 0, Math.min(READ_BYTES, end - at), at));
      decoder.write(buffer.subarray(0, got));
    }
    if (at < end || !decoder.ended || decoder.meta === null) {
      throw new WireError(`it is cut short: ${at - from} of ${bytes} bytes are there`);
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
  return { clusterId: decoder.clusterId, index, term, bytes, checksum };
}

const writeAt = promisify(write);

/** Resolves with their number. */
export async function writeAll(file: number, bytes: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await writeAt(file, bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
  return done;
}

function readAt(path: string, into: Uint8Array, at: number): number {
  const file = attempt(path, () => openSync(path, "r"));
  try {
    return attempt(path, () => readSync(file, into, 0, into.length, at));
  } finally {
    closeSync(file);
  }
}

export function attempt<T>(path: string, act: () => T): T {
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

export const cannotWrite = (where: string, { message }: Error): UserError =>
  new UserError("cannot write the backup", [
    {
      where,
      what: message,
      fix: "make room, or name a file on another disk; nothing is left of it",
    },
  ]);

export const damaged = (where: string, what: string): UserError => {
  const fix = "use another copy of the backup; nothing was changed";
  const problem: Problem = { where, what, fix };
  return new UserError("the backup cannot be used", [problem]);
};

/** Throws when a head does not say of its snapshot what that is. */
export function checkFound(path: string, meta: object, found: object): void {
  for (const [name, value] of Object.entries(found)) {
    const said = (meta as Record<string, unknown>)[name];
    if (said === value) continue;
    throw damaged(path, `the head says ${name} ${said}, the snapshot has ${value}`);
  }
}
