import { type History, OP_CAS, OUTCOME_INFO } from "../../history/op.ts";
import { OP_APPEND, OP_DELETE, OP_PUT } from "../../kv/command.ts";
import type { Operations } from "../operations.ts";
import { wrote } from "../words.ts";

/** What all operations of one key tell, before any of them are put in order. */
export type KeyFacts = {
  readonly puts: boolean;
  readonly appends: boolean;
  readonly deletes: boolean;
  /** Values that more than one write may have left: seeing one does not say which write. */
  readonly repeated: ReadonlySet<number>;
};

export const isUnknown = (h: History, row: number): boolean => h.outcome[row] === OUTCOME_INFO;

/** One pass over the operations of the key. */
export function factsOf(h: History, o: Operations<number>): KeyFacts {
  const once = new Set<number>();
  const repeated = new Set<number>();
  let puts = false;
  let appends = false;
  let deletes = false;
  for (let i = 0; i < o.ops.length; i++) {
    const row = o.ops[i]!;
    const op = h.op[row]!;
    if (op === OP_APPEND) appends = true;
    if (op === OP_DELETE) deletes = true;
    if (op === OP_PUT && wrote(h, row)) puts = true;
    if ((op !== OP_PUT && op !== OP_CAS) || !wrote(h, row)) continue;
    const value = h.value[row]!;
    if (once.has(value)) repeated.add(value);
    once.add(value);
  }
  return { puts, appends, deletes, repeated };
}

/** The version that the key had when `row` was done, as far as replies tell; −1: they do not. */
export function versionAfter(h: History, row: number): number {
  if (isUnknown(h, row) || h.op[row] === OP_DELETE) return -1;
  const told = h.version[row]!;
  if (told >= 0) return told;
  const expected = h.expected[row]!;
  return wrote(h, row) && expected >= 0 ? expected + 1 : -1;
}
