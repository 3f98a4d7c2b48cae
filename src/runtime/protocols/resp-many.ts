import {
  type Command,
  FLAG_EXPECTED,
  KEY_BYTES_MAX,
  OP_DELETE,
  OP_GET,
  OP_PUT,
  type OpCode,
  SCAN_KEYS_MAX,
} from "../../kv/command.ts";
import { parseInteger } from "../../kv/integer.ts";
import { prefixEnd, readScanReply, scanCommand } from "../../kv/scan-reply.ts";
import type { ByteWriter } from "../../wire/bytes.ts";
import { globMatches, globPrefix } from "../../wire/glob.ts";
import {
  writeArray,
  writeBulk,
  writeBulkText,
  writeError,
  writeInteger,
  writeNull,
  writeOk,
} from "../../wire/resp-reply.ts";
import { STATUS } from "../../wire/errors.ts";
import type { HttpReply } from "../http/http-client-port.ts";
import type { RespSession } from "./resp-connection.ts";
import { READ_ERRORS, RESP_ERRORS } from "./resp-errors.ts";
import { NO_INTEGER } from "./resp-single.ts";

/** How often a put is tried again because somebody else has changed the key meanwhile. */
const TRIES_MAX = 64;
/** Values of one MGET, together. */
const MGET_BYTES_MAX = 32 << 20;
const SCAN_COUNT_DEFAULT = 10;
const CROSS_SLOT = "CROSSSLOT the keys are not all of one group of shards";
const NO_BYTES: Uint8Array = new Uint8Array(0);
const text = new TextDecoder();

type Write = (w: ByteWriter) => void;

const commandOf = (
  op: OpCode,
  key: Uint8Array,
  value: Uint8Array = NO_BYTES,
  flags = 0,
  expected = 0,
): Command => ({ op, flags, session: 0, seq: 0, nonce: 0, expected, key, value });

const failed =
  (message: string): Write =>
  (w) =>
    writeError(w, message);

/** What keeps these keys from being used in one command, or null. */
function problemWith(session: RespSession, keys: readonly Uint8Array[]): string | null {
  const { executor } = session;
  for (const { length } of keys) {
    if (length === 0 || length > KEY_BYTES_MAX) return keyProblem(length);
  }
  const group = executor.groupOf(keys[0]!);
  return keys.every((key) => executor.groupOf(key) === group) ? null : CROSS_SLOT;
}

export const keyProblem = (length: number): string =>
  `ERR key of ${length} bytes, it must be 1 to ${KEY_BYTES_MAX}`;

/** The last of each, for keys that are named twice. */
function distinct(pairs: readonly (readonly [Uint8Array, Uint8Array])[]): Command[] {
  const last = new Map<string, Command>();
  for (const [key, value] of pairs) last.set(key.toHex(), commandOf(OP_PUT, key, value));
  return [...last.values()];
}

/** Runs them all at once, once nothing else of the connection is under way. */
function together(
  session: RespSession,
  keys: readonly Uint8Array[],
  commands: () => readonly Command[],
  finish: (replies: readonly HttpReply[]) => Write,
): void {
  const problem = problemWith(session, keys);
  if (problem !== null) return session.error(problem);
  session.alone(async () => {
    const { executor } = session;
    return finish(await Promise.all(commands().map((command) => executor.execute(command))));
  });
}

/** MGET. */
export function getMany(session: RespSession, keys: readonly Uint8Array[]): void {
  together(
    session,
    keys,
    () => keys.map((key) => commandOf(OP_GET, key)),
    (replies) => {
      const bad = replies.find(({ status }) => status !== "ok" && status !== "notFound");
      if (bad !== undefined) return failed(READ_ERRORS[bad.status]);
      const bytes = replies.reduce((sum, { value }) => sum + value.length, 0);
      if (bytes > MGET_BYTES_MAX) {
        return failed(`ERR the values have ${bytes} bytes, the limit is ${MGET_BYTES_MAX}`);
      }
      return (w) => {
        writeArray(w, replies.length);
        for (const { status, value } of replies) {
          if (status === "ok") writeBulk(w, value, 0, value.length);
          else writeNull(w, session.version);
        }
      };
    },
  );
}

/** MSET: each key is put for itself. */
export function setMany(session: RespSession, args: readonly Uint8Array[]): void {
  if (args.length % 2 === 1) {
    return session.error("ERR wrong number of arguments for 'mset' command");
  }
  const pairs = Array.from({ length: args.length / 2 }, (_, i) => {
    return [args[2 * i]!, args[2 * i + 1]!] as const;
  });
  together(
    session,
    pairs.map(([key]) => key),
    () => distinct(pairs),
    (replies) => {
      const done = replies.filter(({ status }) => status === "ok").length;
      return done === replies.length ? writeOk : partly(replies, done, "put");
    },
  );
}

/** DEL and EXISTS of several keys: each for itself. */
export function countMany(
  session: RespSession,
  op: typeof OP_DELETE | typeof OP_GET,
  keys: readonly Uint8Array[],
): void {
  together(
    session,
    keys,
    () => keys.map((key) => commandOf(op, key)),
    (replies) => {
      const known = replies.filter(({ status }) => status === "ok" || status === "notFound");
      const count = replies.filter(({ status }) => status === "ok").length;
      if (known.length === replies.length) return (w) => writeInteger(w, count);
      if (op === OP_DELETE) return partly(replies, known.length, "deleted");
      return failed(READ_ERRORS[replies.find((reply) => !known.includes(reply))!.status]);
    },
  );
}

/** Some of the writes failed: UNKNOWN if that is not known of each, for some may yet take effect. */
function partly(replies: readonly HttpReply[], done: number, what: string): Write {
  const bad = replies.filter(({ status }) => status !== "ok" && status !== "notFound");
  const open = bad.find(({ status }) => !STATUS[status].definite);
  const { status } = open ?? bad[0]!;
  return failed(`${RESP_ERRORS[status]} (${done} of ${replies.length} keys were ${what})`);
}

/** SET … XX: put at the version that the key has, again when that changes meanwhile. */
export function setIfThere(session: RespSession, key: Uint8Array, value: Uint8Array): void {
  const problem = problemWith(session, [key]);
  if (problem !== null) return session.error(problem);
  session.alone(async () => {
    const { executor } = session;
    const found = await executor.execute(commandOf(OP_GET, key));
    if (found.status !== "ok" && found.status !== "notFound") {
      return failed(READ_ERRORS[found.status]);
    }
    let { version } = found;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      if (version === 0) return (w) => writeNull(w, session.version);
      const put = commandOf(OP_PUT, key, value, FLAG_EXPECTED, version);
      const reply = await executor.execute(put);
      if (reply.status === "ok") return writeOk;
      if (reply.status !== "versionMismatch") return failed(RESP_ERRORS[reply.status]);
      version = reply.version;
    }
    return failed(RESP_ERRORS.versionMismatch);
  });
}

/** SCAN cursor [MATCH pattern] [COUNT n]: the keys in order, each page as of one moment. */
export function scan(session: RespSession, args: readonly Uint8Array[]): void {
  const { executor, cursors } = session;
  const options = scanOptions(args.slice(1));
  if (typeof options === "string") return session.error(options);
  if (executor.isSharded)
    return session.error("ERR SCAN is not supported: a sharded cluster has no scans");
  const cursor = text.decode(args[0]!);
  const prefix = globPrefix(options.pattern);
  const from = cursor === "0" ? prefix : cursors.keyOf(cursor);
  if (from === null) {
    return session.error("ERR invalid cursor: it is none of this node, or too old; begin with 0");
  }
  session.alone(async () => {
    const end = prefix.length === 0 ? NO_BYTES : prefixEnd(prefix);
    const reply = await executor.execute(scanCommand(from, end, options.count));
    if (reply.status !== "ok") return failed(READ_ERRORS[reply.status]);
    const { entries, next } = readScanReply(reply.value, 0, reply.value.length)!;
    const keys = entries.map(({ key }) => key).filter((key) => globMatches(options.pattern, key));
    return (w) => {
      writeArray(w, 2);
      writeBulkText(w, next === null ? "0" : cursors.give(next));
      writeArray(w, keys.length);
      for (const key of keys) writeBulk(w, key, 0, key.length);
    };
  });
}

type ScanOptions = { readonly pattern: Uint8Array; readonly count: number };

/** A text says what is wrong with them. */
function scanOptions(args: readonly Uint8Array[]): ScanOptions | string {
  let pattern: Uint8Array = new TextEncoder().encode("*");
  let count = SCAN_COUNT_DEFAULT;
  for (let i = 0; i < args.length; i += 2) {
    const value = args[i + 1];
    const name = text.decode(args[i]!).toLowerCase();
    if (value === undefined) return "ERR syntax error";
    if (name === "match") pattern = value;
    else if (name === "count") {
      const given = parseInteger(value, 0, value.length);
      if (given === null) return `ERR ${NO_INTEGER}`;
      if (given < 1n) return "ERR syntax error";
      count = Number(given < BigInt(SCAN_KEYS_MAX) ? given : SCAN_KEYS_MAX);
    } else if (name === "type")
      return "ERR SCAN with TYPE is not supported: all values are strings";
    else return "ERR syntax error";
  }
  return { pattern, count };
}
