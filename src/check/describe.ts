import {
  type History,
  OP_CAS,
  OUTCOME_FAIL,
  OUTCOME_INFO,
  OUTCOME_MISMATCH,
} from "../history/op.ts";
import { OP_DELETE, OP_GET, OP_NAMES } from "../kv/command.ts";

/** An operation for people: `put k17 v81 → version 4`. Times are epoch microseconds. */
export type Evidence = {
  readonly process: number;
  readonly text: string;
  readonly callUs: number;
  /** Null: it never returned. */
  readonly returnUs: number | null;
};

/** The operations at `rows`, in the form in which reports keep them. */
export const evidence = (history: History, rows: readonly number[]): readonly Evidence[] =>
  rows.map((row) => ({
    process: history.process[row]!,
    text: describeOperation(history, row),
    callUs: history.callUs[row]!,
    returnUs: history.outcome[row] === OUTCOME_INFO ? null : history.returnUs[row]!,
  }));

export function describeOperation(h: History, row: number): string {
  const op = h.op[row]!;
  const key = shortName(h.keys.name(h.key[row]!));
  const argument = op === OP_GET || op === OP_DELETE ? "" : ` ${valueName(h, row)}`;
  const version = h.expected[row]! >= 0 ? ` if version ${h.expected[row]}` : "";
  const value = op === OP_CAS ? ` if ${nameOf(h, h.expectedValue?.[row] ?? -1)}` : "";
  return `${operationName(h, row)} ${key}${argument}${version}${value} → ${resultOf(h, row)}`;
}

export const operationName = (h: History, row: number): string =>
  h.op[row] === OP_CAS ? "cas" : OP_NAMES[h.op[row]!]!;

/** The name of the value that `row` wrote or read, cut to what fits a line. */
export const valueName = (h: History, row: number): string => nameOf(h, h.value[row]!);

const nameOf = (h: History, value: number): string =>
  value < 0 ? "nothing" : shortName(h.values.name(value));

/** Longer names are cut in the middle: what tells two of them apart is mostly at an end. */
const NAME_MAX = 40;
/** What would move the cursor, break the line or turn the direction of the text. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** The name of a key or value on one line, whatever is in it. */
export function shortName(name: string): string {
  const half = NAME_MAX / 2 - 2;
  // Cut first: a value may be megabytes long.
  const short = name.length > NAME_MAX ? `${name.slice(0, half)}…${name.slice(-half)}` : name;
  return short.replace(
    CONTROLS,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function resultOf(h: History, row: number): string {
  const told = h.version[row]! >= 0;
  switch (h.outcome[row]) {
    case OUTCOME_INFO:
      return "no answer";
    case OUTCOME_FAIL:
      return "failed";
    case OUTCOME_MISMATCH:
      return told ? `refused at version ${h.version[row]}` : "refused";
  }
  if (h.op[row] === OP_DELETE) return "ok";
  if (h.op[row] !== OP_GET) return told ? `version ${h.version[row]}` : "ok";
  return told && h.value[row]! >= 0
    ? `${valueName(h, row)}, version ${h.version[row]}`
    : valueName(h, row);
}
