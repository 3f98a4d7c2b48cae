import type { History } from "../../history/op.ts";
import { certificate } from "../certificate.ts";
import { type Evidence, evidence } from "../describe.ts";
import { keysOf } from "../keys.ts";
import type { KeyHistory } from "../path.ts";
import { type Limits, search } from "../search.ts";
import { PATHS } from "../settle.ts";
import { isWitness } from "../witness.ts";

/**
 * How a legal order of a key begins, `count` operations of it: something to look at for a history
 * that passed. Of the first key for which an order is found within the limits; empty if none is.
 */
export function beginning(h: History, count: number, limits: Limits): readonly Evidence[] {
  const keys = keysOf(h);
  for (let k = 0; k < keys.count && limits.now() < limits.deadlineMs; k++) {
    const key = keys.at(k);
    if (key.operations.ops.length === 0) continue;
    const order = legalOrder(key, limits);
    if (order === null) continue;
    const places = [...order.subarray(0, count)];
    return evidence(
      h,
      places.map((place) => key.operations.ops[place]!),
    );
  }
  return [];
}

/** An order that replays, by whatever finds one first; null: none did. */
function legalOrder(key: KeyHistory, limits: Limits): Int32Array | null {
  const { model, operations } = key;
  const told = certificate(model, operations);
  if (told !== null && isWitness(model, operations, told)) return told;
  for (const [, path] of PATHS) {
    const verdict = path(key);
    if (verdict?.kind === "legal" && isWitness(model, operations, verdict.witness)) {
      return verdict.witness;
    }
  }
  const outcome = search(model, operations, limits);
  return outcome.kind === "legal" ? outcome.witness : null;
}
