import {
  FLAG_EXPECTED,
  FLAG_LENGTH,
  OP_APPEND,
  OP_DELETE,
  OP_GET,
  OP_INCR,
  OP_PUT,
} from "../../kv/command.ts";
import { parseInteger } from "../../kv/integer.ts";
import {
  writeBulk,
  writeError,
  writeInteger,
  writeOk,
  writeSimple,
} from "../../wire/resp-reply.ts";
import type { RespSession } from "./resp-connection.ts";
import { client, commands, config, info } from "./resp-about.ts";
import { auth, hello } from "./resp-hello.ts";
import { countMany, getMany, scan, setIfThere, setMany } from "./resp-many.ts";
import { ANSWER, NO_INTEGER } from "./resp-single.ts";

/**
 * What a command may run together with (pipeline.ts): reads, writes, or nothing. "now": it asks the store nothing, so
 * that it is answered without waiting for anything.
 */
type Kind = "read" | "write" | "alone" | "now";

export type RespCommand = {
  /** As COMMAND tells it: arguments with the name; negative: at least so many. */
  readonly arity: number;
  /** A function, where it depends on the arguments. */
  readonly kind: Kind | ((args: readonly Uint8Array[]) => Kind);
  /** First key, last key (-1: the last argument), step; null: it has no keys. */
  readonly keys: readonly [number, number, number] | null;
  /** `args` without the name. They are views that stay good. */
  run(session: RespSession, args: readonly Uint8Array[]): void;
};

const ONE_KEY = [1, 1, 1] as const;
const ALL_KEYS = [1, -1, 1] as const;
const NO_BYTES: Uint8Array = new Uint8Array(0);
const utf8 = new TextEncoder();
const text = new TextDecoder();

const single = (
  arity: number,
  kind: Kind,
  run: (session: RespSession, key: Uint8Array, rest: readonly Uint8Array[]) => void,
): RespCommand => ({
  ...{ arity, kind, keys: ONE_KEY },
  run: (session, [key = NO_BYTES, ...rest]) => run(session, key, rest),
});

const now = (arity: number, run: RespCommand["run"]): RespCommand => ({
  ...{ arity, kind: "now", keys: null },
  run,
});

/** DEL and EXISTS: of one key, one operation. */
const counted = (op: typeof OP_DELETE | typeof OP_GET, kind: Kind): RespCommand => ({
  arity: -2,
  kind: (args) => (args.length === 1 ? kind : "alone"),
  keys: ALL_KEYS,
  run: (session, args) => {
    if (args.length > 1) countMany(session, op, args);
    else session.single(ANSWER.count, op, 0, 0, args[0]!, NO_BYTES);
  },
});

const increment = (arity: number, sign: bigint): RespCommand =>
  single(arity, "write", (session, key, [by]) => {
    const amount = by === undefined ? 1n : parseInteger(by, 0, by.length);
    if (amount === null) return session.error(`ERR ${NO_INTEGER}`);
    const value = utf8.encode(String(sign * amount));
    session.single(ANSWER.digits, OP_INCR, 0, 0, key, value);
  });

const NEVER_EXPIRES = "keys of this store do not expire";
const NO_TRANSACTIONS = "this store has no transactions; MSET and MGET are not atomic either";
const NO_CHANNELS = "this store has no channels";
/** Known commands that are refused, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      "setex",
      "psetex",
      "expire",
      "pexpire",
      "expireat",
      "pexpireat",
      "getex",
      "persist",
      "ttl",
    ].map((name) => [name, NEVER_EXPIRES]),
  ),
  ...Object.fromEntries(
    ["multi", "exec", "discard", "watch", "unwatch", "eval", "evalsha", "msetnx"].map((name) => [
      name,
      NO_TRANSACTIONS,
    ]),
  ),
  ...Object.fromEntries(
    ["subscribe", "psubscribe", "publish", "unsubscribe"].map((name) => [name, NO_CHANNELS]),
  ),
  keys: "use SCAN, which does not stop the server",
  cluster: "a node forwards to whoever has the key; there are no slots to ask for",
  flushall: "delete the keys one by one",
  flushdb: "delete the keys one by one",
};

const refused = (name: string, why: string): RespCommand =>
  now(-1, (session) => session.error(`ERR ${name.toUpperCase()} is not supported: ${why}`));

const TABLE: Readonly<Record<string, RespCommand>> = {
  get: single(2, "read", (session, key) =>
    session.single(ANSWER.value, OP_GET, 0, 0, key, NO_BYTES),
  ),
  set: {
    arity: -3,
    kind: (args) => (setMode(args) === "xx" ? "alone" : "write"),
    keys: ONE_KEY,
    run: set,
  },
  setnx: single(3, "write", (session, key, [value = NO_BYTES]) =>
    session.single(ANSWER.created, OP_PUT, FLAG_EXPECTED, 0, key, value),
  ),
  del: counted(OP_DELETE, "write"),
  unlink: counted(OP_DELETE, "write"),
  exists: counted(OP_GET, "read"),
  append: single(3, "write", (session, key, [value = NO_BYTES]) =>
    session.single(ANSWER.digits, OP_APPEND, FLAG_LENGTH, 0, key, value),
  ),
  strlen: single(2, "read", (session, key) =>
    session.single(ANSWER.length, OP_GET, 0, 0, key, NO_BYTES),
  ),
  incr: increment(2, 1n),
  decr: increment(2, -1n),
  incrby: increment(3, 1n),
  decrby: increment(3, -1n),
  mget: { arity: -2, kind: "alone", keys: ALL_KEYS, run: getMany },
  mset: { arity: -3, kind: "alone", keys: [1, -1, 2], run: setMany },
  scan: { arity: -2, kind: "alone", keys: null, run: scan },
  ping: now(-1, (session, [message]) => {
    if (message === undefined) session.answer((w) => writeSimple(w, "PONG"));
    else session.answer((w) => writeBulk(w, message, 0, message.length));
  }),
  echo: now(2, (session, [message = NO_BYTES]) =>
    session.answer((w) => writeBulk(w, message, 0, message.length)),
  ),
  select: now(2, (session, [index = NO_BYTES]) => {
    if (text.decode(index) === "0") session.answer(writeOk);
    else session.error("ERR DB index is out of range: there is one database, 0");
  }),
  dbsize: {
    ...{ arity: 1, kind: "alone", keys: null },
    run: (session) => {
      const keys = session.about.keys();
      session.answer((w) => writeInteger(w, keys));
    },
  },
  info: now(-1, info),
  command: now(-1, (session, args) => commands(session, args, COMMANDS)),
  config: now(-2, config),
  client: now(-2, client),
  auth: now(-2, auth),
  // It changes how the answers to what is under way would be written.
  hello: { arity: -1, kind: "alone", keys: null, run: hello },
  quit: now(-1, (session) => {
    session.answer(writeOk);
    session.quit();
  }),
};

export const COMMANDS: ReadonlyMap<string, RespCommand> = new Map(Object.entries(TABLE));

const REFUSALS: ReadonlyMap<string, RespCommand> = new Map(
  Object.entries(REFUSED).map(([name, why]) => [name, refused(name, why)]),
);

/** The command of that name, in small letters; undefined: there is none. */
export const findCommand = (name: string): RespCommand | undefined =>
  COMMANDS.get(name) ?? REFUSALS.get(name);

/** How SET is to work; a refusal of its options begins with a blank. */
function setMode([, , ...options]: readonly Uint8Array[]): string {
  let mode = "any";
  for (const option of options) {
    const name = text.decode(option).toLowerCase();
    if ((name === "nx" || name === "xx") && (mode === "any" || mode === name)) mode = name;
    else if (name === "nx" || name === "xx") return " syntax error: NX and XX exclude each other";
    else if (["ex", "px", "exat", "pxat", "keepttl"].includes(name)) {
      return ` SET with ${name.toUpperCase()} is not supported: ${NEVER_EXPIRES}`;
    } else if (name === "get") return " SET with GET is not supported";
    else return " syntax error";
  }
  return mode;
}

function set(session: RespSession, args: readonly Uint8Array[]): void {
  const [key = NO_BYTES, value = NO_BYTES] = args;
  const mode = args.length === 2 ? "any" : setMode(args);
  if (mode === "any") session.single(ANSWER.ok, OP_PUT, 0, 0, key, value);
  else if (mode === "nx") session.single(ANSWER.ok, OP_PUT, FLAG_EXPECTED, 0, key, value);
  else if (mode === "xx") setIfThere(session, key, value);
  else session.answer((w) => writeError(w, `ERR${mode}`));
}
