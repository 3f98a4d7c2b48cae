import {
  COMMAND_HEADER_BYTES,
  commandKeyBytes,
  commandValueBytes,
  FLAG_EXPECTED,
  VALUE_BYTES_MAX,
} from "./command.ts";

/** Upper word of 2^53 - 1. */
const U53_HIGH_MAX = 0x1f_ffff;

/**
 * The commands of a sharded cluster, beside those of command.ts and with the same header. Their key is
 * empty; the value holds what is told below. Numbers are never reused.
 *
 * Of the controller (group 1). Exactly-once by session, as puts are. With FLAG_EXPECTED they count only
 * when the newest config has the number `expected`; else versionMismatch, and `version` is its number.
 * A change that is refused is `invalid`. Replies: `version` is the number of the config that came of
 * it, the value is that config (shard-config.ts).
 *
 *   join   JSON { "groups": [{ "id": 2, "nodes": [1, 2, 3] }, …] }   new groups; shards are rebalanced
 *   leave  JSON { "groups": [2, …] }                                 theirs go to the others
 *   move   JSON { "shard": 3, "group": 2 }                           stays there until the next change
 *   rebalance  JSON {}                               spreads the shards evenly again, after moves
 *   query  JSON { "num": 7 }, or -1: the newest                      a read
 *
 * Of a group of shards. They are idempotent, each of one config, and carry no session; `expected`
 * holds the number of the config they belong to.
 *
 *   adopt      value: config     takes the config `expected`, the next after its own
 *   freeze     u32 shard         the shard, leaving by config `expected`, serves no more
 *   chunk      ShardChunk        what arrives of a shard that is ours by config `expected`; a reply that is not ok
 *                                tells in `version` how many bytes of its stream are here: go on from there
 *   drop       u32 shard         the copy left behind by config `expected` has arrived elsewhere
 *   dropped    u32 shard         the old owner has confirmed that drop
 *   readShard  u32 shard, u32 bytesMax, u53 offset   a read: of a shard that is leaving or frozen; the reply's value is a
 *                                ShardChunk, from its beginning where it cannot be had from `offset`
 *   shards     none              a read: the group's ShardsReport as JSON
 *
 * adopt, freeze, drop and readShard answer versionMismatch, with the group's own config number, when it
 * is not (yet) at that config; all but readShard `ok` when it was done before. openSession of a shard
 * (command.ts) has the shard's number as `expected`.
 */
export const OP_JOIN = 16;
export const OP_LEAVE = 17;
export const OP_MOVE = 18;
export const OP_QUERY = 19;
export const OP_REBALANCE = 20;
export const OP_ADOPT = 32;
export const OP_FREEZE = 33;
export const OP_CHUNK = 34;
export const OP_DROP = 35;
export const OP_DROPPED = 36;
export const OP_READ_SHARD = 37;
export const OP_SHARDS = 38;

/**
 * A piece of a shard on its way, as bytes:
 *
 *   offset  type  field
 *        0  u32   shard
 *        4  u32   stream    names the copy it is read from; another one begins at offset 0 again
 *        8  u53   offset    of `bytes` in the whole
 *       16  u8    then      what comes after these bytes: 0 more; 1 nothing, they end it; 2 more, once the shard is frozen
 *       17  …     bytes
 */
export type ShardChunk = {
  readonly shard: number;
  readonly stream: number;
  readonly offset: number;
  /** What comes after `bytes`: more; nothing; more, once the shard is frozen. */
  readonly then: "more" | "end" | "freeze";
  /** Perhaps none when it is to be frozen. */
  readonly bytes: Uint8Array;
};
const THEN: readonly ShardChunk["then"][] = ["more", "end", "freeze"];
export const SHARD_CHUNK_HEADER_BYTES = 17;
/** A chunk as it is asked for: small enough that a commit of one does not hold up others for long. */
export const SHARD_CHUNK_BYTES = 128 << 10;

const TWO_POW_32 = 0x1_0000_0000;

export function encodeChunk(chunk: ShardChunk): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(SHARD_CHUNK_HEADER_BYTES + chunk.bytes.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, chunk.shard, true);
  view.setUint32(4, chunk.stream, true);
  setU53(view, 8, chunk.offset);
  view.setUint8(16, THEN.indexOf(chunk.then));
  out.set(chunk.bytes, SHARD_CHUNK_HEADER_BYTES);
  return out;
}

/** Null: the bytes are no chunk. `bytes` of it is a view of them. */
export function decodeChunk(value: Uint8Array): ShardChunk | null {
  if (value.length < SHARD_CHUNK_HEADER_BYTES) return null;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const then = THEN[view.getUint8(16)];
  if (view.getUint32(12, true) > U53_HIGH_MAX || then === undefined) return null;
  return {
    shard: view.getUint32(0, true),
    stream: view.getUint32(4, true),
    offset: view.getUint32(12, true) * TWO_POW_32 + view.getUint32(8, true),
    then,
    bytes: value.subarray(SHARD_CHUNK_HEADER_BYTES),
  };
}

/** The value of freeze, drop and dropped. */
export function encodeShard(shard: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, shard, true);
  return out;
}

/** What readShard asks for. */
export type ShardRead = {
  readonly shard: number;
  readonly bytesMax: number;
  readonly offset: number;
};
export const SHARD_READ_BYTES = 16;

export function encodeShardRead({ shard, bytesMax, offset }: ShardRead): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(SHARD_READ_BYTES);
  const view = new DataView(out.buffer);
  view.setUint32(0, shard, true);
  view.setUint32(4, bytesMax, true);
  setU53(view, 8, offset);
  return out;
}

/** Null: the bytes ask for nothing. */
export function decodeShardRead(value: Uint8Array): ShardRead | null {
  if (value.length !== SHARD_READ_BYTES) return null;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const [shard, bytesMax] = [view.getUint32(0, true), view.getUint32(4, true)];
  if (view.getUint32(12, true) > U53_HIGH_MAX || bytesMax === 0) return null;
  return {
    shard,
    bytesMax,
    offset: view.getUint32(12, true) * TWO_POW_32 + view.getUint32(8, true),
  };
}

function setU53(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, (value / TWO_POW_32) | 0, true);
}

/** How a group stands to one shard. */
export type ShardState = {
  readonly shard: number;
  /**
   * serving: ours. leaving: no longer ours by config `num`, copied, and served until it is frozen. frozen: what
   * changed since is copied; it is kept until dropped. arriving: ours by config `num`, not here yet, or not all of it.
   */
  readonly state: "serving" | "leaving" | "frozen" | "arriving";
  /** Of the config that brought this state about. */
  readonly num: number;
  /** arriving: who has it; leaving, frozen: whose it is now. serving: 0. */
  readonly other: number;
  readonly keys: number;
  /** arriving: bytes that have come so far; else 0. */
  readonly bytes: number;
};

/** What a group says of its shards. */
export type ShardsReport = {
  readonly group: number;
  /** Number of the config it has adopted. */
  readonly num: number;
  /** Ascending by shard; a shard may be there twice: the frozen copy of before, and arriving again. */
  readonly shards: readonly ShardState[];
  /** Arrived here, and the old owner is still to be told. */
  readonly toDrop: readonly {
    readonly shard: number;
    readonly num: number;
    readonly from: number;
  }[];
};

/** What is wrong with the header of one of these commands, or null; its value is not looked at. */
export function shardOpProblem(view: DataView, at: number, end: number): string | null {
  if (end - at < COMMAND_HEADER_BYTES) return "command is cut short";
  if (view.getUint8(at + 1) > FLAG_EXPECTED) return `flags ${view.getUint8(at + 1)} do not apply`;
  if (commandKeyBytes(view, at) !== 0) return "a key where none belongs";
  const valueBytes = commandValueBytes(view, at);
  if (valueBytes > VALUE_BYTES_MAX) return `value of ${valueBytes} bytes`;
  if (end - at !== COMMAND_HEADER_BYTES + valueBytes) return "lengths do not add up";
  if (view.getUint32(at + 12, true) > U53_HIGH_MAX) return "session exceeds 2^53 - 1";
  if (view.getUint32(at + 28, true) > U53_HIGH_MAX) return "expected exceeds 2^53 - 1";
  return null;
}
