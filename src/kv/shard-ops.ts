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
 *   query  JSON { "num": 7 }, or -1: the newest                      a read
 *
 * Of a group of shards. They are idempotent, each of one config, and carry no session; `expected`
 * holds the number of the config they belong to.
 *
 *   adopt      value: config     takes the config `expected`, the next after its own
 *   freeze     u32 shard         the shard, leaving by config `expected`, serves no more; may be copied
 *   chunk      ShardChunk        what arrives of a shard that is ours by config `expected`
 *   drop       u32 shard         the copy left behind by config `expected` has arrived elsewhere
 *   dropped    u32 shard         the old owner has confirmed that drop
 *   readShard  u32 shard, u32 bytesMax, u53 offset   a read: of the frozen copy; the reply's value is a ShardChunk
 *   shards     none              a read: the group's ShardsReport as JSON
 *
 * adopt, freeze and drop answer versionMismatch, with the group's own config number, when it is not
 * (yet) at that config; all of them `ok` when it was done before.
 */
export const OP_JOIN = 16;
export const OP_LEAVE = 17;
export const OP_MOVE = 18;
export const OP_QUERY = 19;
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
 *       16  u53   total     bytes of the whole
 *       24  …     bytes     at least 1 unless total is 0
 */
export type ShardChunk = {
  readonly shard: number;
  readonly stream: number;
  readonly offset: number;
  readonly total: number;
  readonly bytes: Uint8Array;
};
export const SHARD_CHUNK_HEADER_BYTES = 24;
/** A chunk as it is asked for: small enough that a commit of one does not hold up others for long. */
export const SHARD_CHUNK_BYTES = 128 << 10;

/** How a group stands to one shard. */
export type ShardState = {
  readonly shard: number;
  /**
   * serving: ours. leaving: no longer ours by config `num`, and served until it is frozen. frozen: may be
   * copied, is kept until dropped. arriving: ours by config `num`, not here yet, or not all of it.
   */
  readonly state: "serving" | "leaving" | "frozen" | "arriving";
  /** Of the config that brought this state about. */
  readonly num: number;
  /** arriving: who has it; leaving, frozen: whose it is now. serving: 0. */
  readonly other: number;
  readonly keys: number;
  /** arriving: bytes that have come so far; frozen: bytes of the whole; else 0. */
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
