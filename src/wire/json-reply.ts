import { OP_APPEND, OP_GET, OP_INCR, OP_SCAN, type OpCode } from "../kv/command.ts";
import { readScanReply } from "../kv/scan-reply.ts";
import type { ResponseFields } from "./client.ts";
import { STATUS, type StatusName, statusName } from "./errors.ts";

/** Where the leader is, for who cannot be served here. */
export type LeaderAddress = { readonly id: number; readonly host: string; readonly port: number };

/** Codes besides those of errors.ts: of what never becomes a request. */
export type JsonErrorCode = StatusName | "badRequest" | "unauthorized";

export type JsonError = {
  readonly code: JsonErrorCode;
  /** It did not take effect, and never will. */
  readonly definite: boolean;
  readonly message: string;
  /** With versionMismatch: the key's version. */
  readonly version?: number;
  /** With notLeader: whom to ask, if that is known. */
  readonly leader?: LeaderAddress | null;
};

// A mark at the beginning is part of the bytes, not of their encoding.
/** Where the words of errors.ts are not for people who speak JSON. */
const MESSAGES: Partial<Record<StatusName, string>> = {
  notFound: "the key is absent",
  versionMismatch: "the key's version is not the expected one, but the one in version",
  notLeader: "no leader could be asked; nothing was done",
  leadershipLost: "the leader changed meanwhile, and nobody knows the outcome",
  invalid: "the request breaks a limit, or the value is no 64-bit integer; nothing was done",
  timeout: "no answer came in time, and nobody knows the outcome",
  wrongShard: "no group serves the key's shard now; nothing was done",
};

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The line of an answer that is not an error. `op` null: a ping's. */
export function jsonAnswer(
  id: string | number | undefined,
  op: OpCode | null,
  reply: ResponseFields,
): string {
  const { version, index } = reply;
  const head = { ...(id !== undefined && { id }), ok: true };
  if (op === null) return line(head);
  const value = reply.valueIn.subarray(reply.valueAt, reply.valueAt + reply.valueBytes);
  if (op === OP_SCAN) return line({ ...head, ...entriesOf(value), index });
  const isValue = op === OP_GET || op === OP_INCR;
  return line({
    ...head,
    ...(isValue && named("value", value)),
    ...(op === OP_APPEND && { length: Number(strict.decode(value)) }),
    version,
    index,
  });
}

export function jsonError(id: string | number | undefined, error: JsonError): string {
  return line({ ...(id !== undefined && { id }), ok: false, error });
}

/** An error for a reply that says so. */
export function errorOf(reply: ResponseFields, leader: LeaderAddress | null): JsonError {
  const code = statusName(reply.status)!;
  const { definite, about } = STATUS[code];
  return {
    ...{ code, definite, message: MESSAGES[code] ?? about },
    ...(code === "versionMismatch" && { version: reply.version }),
    ...(code === "notLeader" && { leader }),
  };
}

function entriesOf(value: Uint8Array): object {
  const page = readScanReply(value, 0, value.length);
  const entries = (page?.entries ?? []).map(({ key, value: of, version }) => ({
    ...named("key", key),
    ...named("value", of),
    version,
  }));
  const next = page?.next ?? null;
  return { entries, ...(next === null ? { next } : named("next", next)) };
}

/** As text, or as base64 under `name`64 where the bytes are no text. */
function named(name: string, bytes: Uint8Array): Record<string, string> {
  try {
    return { [name]: strict.decode(bytes) };
  } catch {
    return { [`${name}64`]: bytes.toBase64() };
  }
}

const line = (answer: object): string => `${JSON.stringify(answer)}\n`;
