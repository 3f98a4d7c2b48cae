import { isReadOp, OP_APPEND, type OpCode } from "../../kv/command.ts";
import type { Reply } from "../../replica/ports.ts";
import type { ByteWriter } from "../../wire/bytes.ts";
import { STATUS, statusName } from "../../wire/errors.ts";
import {
  type RespVersion,
  writeBulk,
  writeDigits,
  writeError,
  writeInteger,
  writeNull,
  writeOk,
} from "../../wire/resp-reply.ts";
import { READ_ERRORS, RESP_ERRORS } from "./resp-errors.ts";

/** What the answer to a command of one operation is made of. */
export const ANSWER = {
  /** GET: the value, or null. */
  value: 1,
  /** SET: OK; of SET NX null, when the key is there. */
  ok: 2,
  /** DEL, EXISTS: 1 or 0. */
  count: 3,
  /** INCR, APPEND: the number that the store gives in decimal. */
  digits: 4,
  /** STRLEN: how long the value is. */
  length: 5,
  /** SETNX: 1, or 0 when the key is there. */
  created: 6,
} as const;

export const NO_INTEGER = "value is not an integer or out of range";

const OK = STATUS.ok.code;
const NOT_FOUND = STATUS.notFound.code;
const MISMATCH = STATUS.versionMismatch.code;

/** Writes the answer of the store to a command of one operation. */
export function writeSingle(
  w: ByteWriter,
  kind: number,
  version: RespVersion,
  reply: Reply,
  op: OpCode,
): void {
  const { status } = reply;
  if (status === OK) return writeDone(w, kind, reply);
  if (status === NOT_FOUND) {
    return kind === ANSWER.value ? writeNull(w, version) : writeInteger(w, 0);
  }
  if (status === MISMATCH) {
    return kind === ANSWER.ok ? writeNull(w, version) : writeInteger(w, 0);
  }
  if (status === STATUS.invalid.code && kind === ANSWER.digits) {
    const isAppend = op === OP_APPEND;
    return writeError(w, `ERR ${isAppend ? "string exceeds maximum allowed size" : NO_INTEGER}`);
  }
  writeError(w, (isReadOp(op) ? READ_ERRORS : RESP_ERRORS)[statusName(status)!]);
}

function writeDone(w: ByteWriter, kind: number, reply: Reply): void {
  const { valueIn, valueAt, valueBytes } = reply;
  switch (kind) {
    case ANSWER.value:
      return writeBulk(w, valueIn, valueAt, valueBytes);
    case ANSWER.ok:
      return writeOk(w);
    case ANSWER.digits:
      return writeDigits(w, valueIn, valueAt, valueBytes);
    case ANSWER.length:
      return writeInteger(w, valueBytes);
    default:
      return writeInteger(w, 1);
  }
}
