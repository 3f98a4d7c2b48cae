import { type History, NO_RETURN, OP_CAS, OUTCOME_OK } from "../../history/op.ts";
import { OP_GET, OP_PUT } from "../../kv/command.ts";
import { assert } from "../../lib/assert.ts";

/**
 * Lets a completed get, the first at or after `place` (0 … 1 of the history) that can, answer with a
 * value that was overwritten before it was called: v was put, then w, then the get was called, each
 * after the other had returned. Returns the row of the get.
 */
export function plantStaleRead(h: History, place: number): number {
  for (let row = Math.floor(h.count * place); row < h.count; row++) {
    if (h.op[row] !== OP_GET || h.outcome[row] !== OUTCOME_OK) continue;
    const newer = writeBefore(h, row);
    const older = newer < 0 ? -1 : writeBefore(h, newer);
    if (older < 0) continue;
    h.value[row] = h.value[older]!;
    h.version[row] = h.version[older]!;
    return row;
  }
  assert(false, `no get after ${place} of the history has two writes before it`);
}

/** The latest write of the same key that had returned when `row` was called; -1: none. */
function writeBefore(h: History, row: number): number {
  for (let i = row - 1; i >= 0; i--) {
    if (h.key[i] !== h.key[row] || (h.op[i] !== OP_PUT && h.op[i] !== OP_CAS)) continue;
    if (h.outcome[i] === OUTCOME_OK && h.ret[i] !== NO_RETURN && h.ret[i]! < h.call[row]!) return i;
  }
  return -1;
}
