import { type History, OP_CAS, OUTCOME_INFO } from "../../history/op.ts";
import { OP_DELETE, OP_PUT } from "../../kv/command.ts";
import type { KeyHistory } from "../path.ts";
import { wrote } from "../words.ts";

export const isUnknown = (h: History, row: number): boolean => h.outcome[row] === OUTCOME_INFO;

/**
 * Those of `values` (few, by id) that more than one write of the key may have left: which one did,
 * nobody can say. O(n), unless all values of the key are known to differ.
 */
export function repeatedValues(
  { history: h, operations: o, traits }: KeyHistory,
  values: readonly number[],
): ReadonlySet<number> {
  const once = new Set<number>();
  const repeated = new Set<number>();
  if (traits.uniqueValues) return repeated;
  for (let i = 0; i < o.ops.length; i++) {
    const row = o.ops[i]!;
    const op = h.op[row]!;
    const value = h.value[row]!;
    if ((op !== OP_PUT && op !== OP_CAS) || !values.includes(value) || !wrote(h, row)) continue;
    if (once.has(value)) repeated.add(value);
    once.add(value);
  }
  return repeated;
}

/** The version that the key had when `row` was done, as far as replies tell; −1: they do not. */
export function versionAfter(h: History, row: number): number {
  if (isUnknown(h, row) || h.op[row] === OP_DELETE) return -1;
  const told = h.version[row]!;
  if (told >= 0) return told;
  const expected = h.expected[row]!;
  return wrote(h, row) && expected >= 0 ? expected + 1 : -1;
}
