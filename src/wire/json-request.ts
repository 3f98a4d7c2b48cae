import {
  FLAG_EXPECTED,
  FLAG_LENGTH,
  FLAG_LOCAL,
  KEY_BYTES_MAX,
  OP_APPEND,
  OP_DELETE,
  OP_GET,
  OP_INCR,
  OP_PUT,
  OP_SCAN,
  type OpCode,
  SCAN_BOUND_BYTES_MAX,
  SCAN_KEYS_MAX,
  VALUE_BYTES_MAX,
} from "../kv/command.ts";
import { prefixEnd } from "../kv/scan-reply.ts";

/**
 * A request of the JSON-lines protocol, one object a line:
 *
 *   op        "get" | "put" | "append" | "delete" | "incr" | "scan" | "ping"
 *   id        any string or number: comes back in the answer
 *   key       string; `key64` instead: base64
 *   value     string (put, append); `value64` instead: base64
 *   expected  put: only if the key's version is this one; 0: only if the key is absent
 *   by        incr: a safe integer, 1 by default
 *   local     get: from this node as it is, perhaps stale
 *   from      scan: the first key (`from64`); or `prefix` (`prefix64`): the keys that begin so, from `from` on
 *   end       scan: below this key (`end64`)
 *   limit     scan: at most so many keys, 1 to SCAN_KEYS_MAX; 100 by default
 *
 * or, without op, `auth`: the token that shows who the client is.
 */
export type JsonRequest = {
  readonly id: string | number | undefined;
  /** Null: a ping. */
  readonly op: OpCode | null;
  readonly flags: number;
  readonly expected: number;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
};

/** Shows who the client is, or tries to. */
export type JsonAuth = { readonly id: string | number | undefined; readonly token: string };

/** What is wrong with a request, all of it. */
export type JsonProblem = { readonly id: string | number | undefined; readonly problem: string };

type Fields = Readonly<Record<string, unknown>>;
/** Which fields each op may have, and which of them it must. */
const OPS = {
  get: { op: OP_GET, must: ["key"], may: ["local"] },
  put: { op: OP_PUT, must: ["key", "value"], may: ["expected"] },
  append: { op: OP_APPEND, must: ["key", "value"], may: [] },
  delete: { op: OP_DELETE, must: ["key"], may: [] },
  incr: { op: OP_INCR, must: ["key"], may: ["by"] },
  scan: { op: OP_SCAN, must: [], may: ["from", "end", "prefix", "limit"] },
  ping: { op: null, must: [], may: [] },
} as const;
const BYTES_FIELDS: readonly string[] = ["key", "value", "from", "end", "prefix"];
const SCAN_LIMIT_DEFAULT = 100;
const NO_BYTES: Uint8Array = new Uint8Array(0);
const utf8 = new TextEncoder();

/** Reads one line. */
export function parseJsonRequest(line: string): JsonRequest | JsonProblem {
  const fields = objectOf(line);
  if (fields === null) return { id: undefined, problem: "the line is not one JSON object" };
  const id = idOf(fields["id"]);
  const name = fields["op"];
  if (typeof name !== "string" || !Object.hasOwn(OPS, name)) {
    return { id, problem: `op must be one of ${Object.keys(OPS).join(", ")}` };
  }
  const problems: string[] = [];
  const { op, must, may } = OPS[name as keyof typeof OPS];
  const bytes = (field: string): Uint8Array => bytesOf(fields, field, problems);
  checkNames(fields, must, may, problems);
  const key = op === OP_SCAN ? NO_BYTES : bytes("key");
  const value = bytes("value");
  const rest = { id, op, flags: 0, expected: 0, key, value };
  if (op !== null && op !== OP_SCAN) checkSizes(key, value, problems);
  const request = withOptions(rest, fields, bytes, problems);
  return problems.length === 0 ? request : { id, problem: problems.join("; ") };
}

/** Reads a line that is no request; null: it shows no token either. */
export function parseJsonAuth(line: string): JsonAuth | null {
  const { auth: token, op, id } = objectOf(line) ?? {};
  return op === undefined && typeof token === "string" ? { id: idOf(id), token } : null;
}

function withOptions(
  request: JsonRequest,
  fields: Fields,
  bytes: (field: string) => Uint8Array,
  problems: string[],
): JsonRequest {
  switch (request.op) {
    case OP_GET: {
      const { local } = fields;
      if (local !== undefined && typeof local !== "boolean")
        problems.push("local must be a boolean");
      return { ...request, flags: local === true ? FLAG_LOCAL : 0 };
    }
    case OP_PUT: {
      if (fields["expected"] === undefined) return request;
      const expected = integerOf(fields, "expected", 0, 0, Number.MAX_SAFE_INTEGER, problems);
      return { ...request, flags: FLAG_EXPECTED, expected };
    }
    case OP_APPEND:
      return { ...request, flags: FLAG_LENGTH };
    case OP_INCR: {
      const most = Number.MAX_SAFE_INTEGER;
      return {
        ...request,
        value: utf8.encode(String(integerOf(fields, "by", 1, -most, most, problems))),
      };
    }
    case OP_SCAN:
      return scanOf(request, fields, bytes, problems);
    default:
      return request;
  }
}

function scanOf(
  request: JsonRequest,
  fields: Fields,
  bytes: (field: string) => Uint8Array,
  problems: string[],
): JsonRequest {
  const expected = integerOf(fields, "limit", SCAN_LIMIT_DEFAULT, 1, SCAN_KEYS_MAX, problems);
  const prefix = bytes("prefix");
  const from = bytes("from");
  const end = bytes("end");
  if (prefix.length > 0 && end.length > 0) problems.push("prefix and end exclude each other");
  for (const bound of [prefix, from, end]) {
    if (bound.length <= SCAN_BOUND_BYTES_MAX) continue;
    problems.push(`a bound of ${bound.length} bytes, the limit is ${SCAN_BOUND_BYTES_MAX}`);
  }
  const key = from.length > 0 ? from : prefix;
  return { ...request, expected, key, value: prefix.length > 0 ? prefixEnd(prefix) : end };
}

function checkNames(
  fields: Fields,
  must: readonly string[],
  may: readonly string[],
  problems: string[],
): void {
  const all = [...must, ...may];
  const known = new Set(["op", "id", ...all]);
  for (const name of all) if (BYTES_FIELDS.includes(name)) known.add(`${name}64`);
  for (const name of Object.keys(fields)) {
    if (!known.has(name)) problems.push(`"${name}" is not known here`);
  }
  for (const name of must) {
    if (!(name in fields) && !(`${name}64` in fields)) problems.push(`"${name}" is missing`);
  }
}

function checkSizes(key: Uint8Array, value: Uint8Array, problems: string[]): void {
  if (key.length === 0 && problems.length === 0) problems.push("key is empty");
  if (key.length > KEY_BYTES_MAX) {
    problems.push(`key of ${key.length} bytes, the limit is ${KEY_BYTES_MAX}`);
  }
  if (value.length > VALUE_BYTES_MAX) {
    problems.push(`value of ${value.length} bytes, the limit is ${VALUE_BYTES_MAX}`);
  }
}

/** A text, or base64 in the field with "64" behind its name; empty: neither is there. */
function bytesOf(fields: Fields, name: string, problems: string[]): Uint8Array {
  const text = fields[name];
  const base64 = fields[`${name}64`];
  if (text !== undefined && base64 !== undefined) {
    problems.push(`${name} and ${name}64 exclude each other`);
  } else if (typeof text === "string") return utf8.encode(text);
  else if (text !== undefined) problems.push(`${name} must be a string`);
  else if (base64 !== undefined) {
    const bytes = typeof base64 === "string" ? fromBase64(base64) : null;
    if (bytes !== null) return bytes;
    problems.push(`${name}64 must be base64`);
  }
  return NO_BYTES;
}

function integerOf(
  fields: Fields,
  name: string,
  whenAbsent: number,
  least: number,
  most: number,
  problems: string[],
): number {
  const value = fields[name];
  if (value === undefined) return whenAbsent;
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) {
    return value as number;
  }
  problems.push(`${name} must be a whole number from ${least} to ${most}`);
  return whenAbsent;
}

function objectOf(line: string): Fields | null {
  try {
    const value: unknown = JSON.parse(line);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Fields) : null;
  } catch {
    return null;
  }
}

const idOf = (id: unknown): string | number | undefined =>
  typeof id === "string" || typeof id === "number" ? id : undefined;

function fromBase64(text: string): Uint8Array | null {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return null;
  }
}
