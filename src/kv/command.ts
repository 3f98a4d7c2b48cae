import { INTEGER_BYTES_MAX } from "./integer.ts";

/**
 * The commands of the key-value store, as bytes: the part of a client request that goes into the
 * log unchanged. Little-endian:
 *
 *   offset  type  field
 *        0  u8    op
 *        1  u8    flags            bit 0: `expected` counts (put); bit 1: local get; bit 2: length (append)
 *        2  u16   keyBytes         1 … KEY_BYTES_MAX (openSession: 0; scan: 0 … SCAN_BOUND_BYTES_MAX)
 *        4  u32   valueBytes       0 … VALUE_BYTES_MAX; 0 for get, delete, openSession
 *        8  u53   session          0: none, the operation may then be applied twice by a retry
 *       16  u32   seq              of the session, from 1, one more for each operation
 *       20  u32   nonce            openSession: chosen by the client; otherwise 0
 *       24  u53   expected         version, with flag bit 0; 0: the key must be absent
 *       32  …     key, then value
 *
 * A scan is a read of many keys: `key` is where it begins (inclusive; empty: at the first), the value
 * is where it ends (exclusive; empty: nowhere), `expected` is the most keys it may return, 1 …
 * SCAN_KEYS_MAX. Its reply is that of scan-reply.ts.
 *
 * An incr adds the signed 64-bit integer that its value is in decimal to the one that the key's value is (absent:
 * 0). Its reply has the sum as its value; that of an append with flag bit 2 has the value's length afterwards;
 * both in decimal. A session keeps no values, so neither may be of one.
 *
 * Offsets and not objects, because this is read for every operation on every node.
 */
export const OP_GET = 0;
export const OP_PUT = 1;
export const OP_APPEND = 2;
export const OP_DELETE = 3;
/** Registers a session; the reply's `index` is the session id (thesis §6.3). */
export const OP_OPEN_SESSION = 4;
export const OP_SCAN = 5;
export const OP_INCR = 6;
export const OP_NAMES = ["get", "put", "append", "delete", "openSession", "scan", "incr"] as const;
export type OpCode = 0 | 1 | 2 | 3 | 4 | 5 | 6;

/** Whether it is of a person's program. The other ones (shard-ops.ts) are of the cluster itself. */
export const isOfClients = (op: number): boolean => op <= OP_INCR;
/** Reads change nothing: they need no session and no entry in the log. */
export const isReadOp = (op: number): boolean => op === OP_GET || op === OP_SCAN;

export const FLAG_EXPECTED = 1;
export const FLAG_LOCAL = 2;
export const FLAG_LENGTH = 4;

export const COMMAND_HEADER_BYTES = 32;
export const KEY_BYTES_MAX = 4096;
export const VALUE_BYTES_MAX = 8 << 20;
/** Most keys that one scan returns, and the longest key that bounds one: a cursor is a key and a zero. */
export const SCAN_KEYS_MAX = 1_000;
export const SCAN_BOUND_BYTES_MAX = KEY_BYTES_MAX + 1;

const TWO_POW_32 = 0x1_0000_0000;

export type Command = {
  readonly op: OpCode;
  readonly flags: number;
  readonly session: number;
  readonly seq: number;
  readonly nonce: number;
  readonly expected: number;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
};

export const commandBytes = (keyBytes: number, valueBytes: number): number =>
  COMMAND_HEADER_BYTES + keyBytes + valueBytes;

/** Writes a command at `at` and returns where it ended. The caller has made room. */
export function writeCommand(out: Uint8Array, view: DataView, at: number, c: Command): number {
  out[at] = c.op;
  out[at + 1] = c.flags;
  view.setUint16(at + 2, c.key.length, true);
  view.setUint32(at + 4, c.value.length, true);
  setU53(view, at + 8, c.session);
  view.setUint32(at + 16, c.seq, true);
  view.setUint32(at + 20, c.nonce, true);
  setU53(view, at + 24, c.expected);
  out.set(c.key, at + COMMAND_HEADER_BYTES);
  out.set(c.value, at + COMMAND_HEADER_BYTES + c.key.length);
  return at + commandBytes(c.key.length, c.value.length);
}

/**
 * What is wrong with the command in [at, end), or null. A leader checks this before it appends: a
 * command in the log must be one that every node can apply.
 */
export function commandProblem(view: DataView, at: number, end: number): string | null {
  if (end - at < COMMAND_HEADER_BYTES) return "command is cut short";
  const op = view.getUint8(at);
  const flags = view.getUint8(at + 1);
  const keyBytes = view.getUint16(at + 2, true);
  const valueBytes = view.getUint32(at + 4, true);
  if (op > OP_INCR) return `op ${op} is not known`;
  if (flags > (FLAG_EXPECTED | FLAG_LOCAL | FLAG_LENGTH)) return `flags ${flags} are not known`;
  if (view.getUint32(at + 12, true) > 0x1f_ffff) return "session exceeds 2^53 - 1";
  if (op === OP_SCAN) return scanProblem(view, at, end);
  if ((keyBytes === 0) !== (op === OP_OPEN_SESSION)) return `key of ${keyBytes} bytes`;
  if (keyBytes > KEY_BYTES_MAX) return `key of ${keyBytes} bytes, the limit is ${KEY_BYTES_MAX}`;
  if (valueBytes > VALUE_BYTES_MAX) {
    return `value of ${valueBytes} bytes, the limit is ${VALUE_BYTES_MAX}`;
  }
  if (op === OP_INCR) {
    if (valueBytes < 1 || valueBytes > INTEGER_BYTES_MAX) return "incr by what is no integer";
  } else if (valueBytes > 0 && op !== OP_PUT && op !== OP_APPEND) {
    return "a value where none belongs";
  }
  if (end - at !== COMMAND_HEADER_BYTES + keyBytes + valueBytes) return "lengths do not add up";
  if (view.getUint32(at + 28, true) > 0x1f_ffff) return "expected exceeds 2^53 - 1";
  if ((op === OP_INCR || (flags & FLAG_LENGTH) !== 0) && commandSession(view, at) !== 0) {
    return "a session does not keep such a result";
  }
  return null;
}

function scanProblem(view: DataView, at: number, end: number): string | null {
  const keyBytes = commandKeyBytes(view, at);
  const valueBytes = commandValueBytes(view, at);
  const limit = commandExpected(view, at);
  if (keyBytes > SCAN_BOUND_BYTES_MAX || valueBytes > SCAN_BOUND_BYTES_MAX) {
    return `scan from ${keyBytes} to ${valueBytes} bytes, the limit is ${SCAN_BOUND_BYTES_MAX}`;
  }
  if (limit < 1 || limit > SCAN_KEYS_MAX) return `scan of ${limit} keys, not 1 to ${SCAN_KEYS_MAX}`;
  if (end - at !== COMMAND_HEADER_BYTES + keyBytes + valueBytes) return "lengths do not add up";
  return null;
}

export const commandOp = (view: DataView, at: number): number => view.getUint8(at);
export const commandFlags = (view: DataView, at: number): number => view.getUint8(at + 1);
export const commandKeyBytes = (view: DataView, at: number): number => view.getUint16(at + 2, true);
export const commandValueBytes = (view: DataView, at: number): number =>
  view.getUint32(at + 4, true);
export const commandSession = (view: DataView, at: number): number => getU53(view, at + 8);
export const commandSeq = (view: DataView, at: number): number => view.getUint32(at + 16, true);
export const commandExpected = (view: DataView, at: number): number => getU53(view, at + 24);

/** Decodes into an object: for tests, tools and cold paths. The caller has checked the bytes. */
export function readCommand(bytes: Uint8Array, view: DataView, at: number): Command {
  const keyAt = at + COMMAND_HEADER_BYTES;
  const valueAt = keyAt + commandKeyBytes(view, at);
  return {
    op: commandOp(view, at) as OpCode,
    flags: commandFlags(view, at),
    session: commandSession(view, at),
    seq: commandSeq(view, at),
    nonce: view.getUint32(at + 20, true),
    expected: commandExpected(view, at),
    key: bytes.subarray(keyAt, valueAt),
    value: bytes.subarray(valueAt, valueAt + commandValueBytes(view, at)),
  };
}

function setU53(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, (value / TWO_POW_32) | 0, true);
}

function getU53(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * TWO_POW_32 + view.getUint32(at, true);
}
