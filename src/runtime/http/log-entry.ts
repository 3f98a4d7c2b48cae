import { COMMAND_HEADER_BYTES, OP_NAMES, readCommand } from "../../kv/command.ts";
import * as shardOps from "../../kv/shard-ops.ts";
import { eachEntry } from "../../raft/batch.ts";
import { membershipOf } from "../../raft/membership-codec.ts";
import { ENTRY_COMMAND, ENTRY_MEMBERSHIP, type EntryBatch } from "../../raft/types.ts";

/** Of a value in the log; the store tells the whole. */
const SHOWN_BYTES_MAX = 256;

const NAMES: ReadonlyMap<number, string> = new Map([
  ...OP_NAMES.map((name, op) => [op, name] as const),
  [shardOps.OP_JOIN, "join"],
  [shardOps.OP_LEAVE, "leave"],
  [shardOps.OP_MOVE, "move"],
  [shardOps.OP_REBALANCE, "rebalance"],
  [shardOps.OP_ADOPT, "adopt"],
  [shardOps.OP_FREEZE, "freeze"],
  [shardOps.OP_CHUNK, "chunk"],
  [shardOps.OP_DROP, "drop"],
  [shardOps.OP_DROPPED, "dropped"],
]);

/** Bytes as a field of a reply: as text if they are UTF-8, else in base64 under another name. */
export function text(name: string, bytes: Uint8Array): Record<string, string> {
  try {
    return { [name]: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return { [`${name}Base64`]: Buffer.from(bytes).toString("base64") };
  }
}

/** The entries of a batch, decoded for a person. */
export function entryOf(batch: EntryBatch): readonly object[] {
  const { bytes, term } = batch;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: object[] = [];
  eachEntry(batch, (at, end, index) => {
    if (batch.kind === ENTRY_MEMBERSHIP) {
      entries.push({ index, term, kind: "membership", membership: membershipOf(batch) });
    } else if (batch.kind !== ENTRY_COMMAND) {
      entries.push({ index, term, kind: "noop" });
    } else {
      entries.push({ index, term, kind: "command", command: commandAt(bytes, view, at, end) });
    }
  });
  return entries;
}

function commandAt(bytes: Uint8Array, view: DataView, at: number, end: number): object {
  if (end - at < COMMAND_HEADER_BYTES) return { op: "unknown", valueBytes: end - at };
  const { op, session, seq, expected, flags, key, value } = readCommand(bytes, view, at);
  const shown = value.subarray(0, SHOWN_BYTES_MAX);
  return {
    op: NAMES.get(op) ?? `op ${op}`,
    ...text("key", key),
    valueBytes: value.length,
    ...text("value", shown),
    ...{ session, seq, flags, expected },
  };
}
