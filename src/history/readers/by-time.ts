import type { Columns } from "../columns.ts";
import { mapColumns } from "../columns.ts";
import { type History, NO_RETURN, OUTCOME_INFO } from "../op.ts";

/**
 * The history with its events in order of their times instead of the order of the file: ranks anew,
 * rows in order of invocation. Intervals are closed, so at one time a call comes before a return:
 * a precedes b only if return(a) < call(b). `skew` is how far any clock may be from the true time, in
 * the unit of `callUs` and `returnUs`; every interval is widened by it on both sides, which can only
 * hide violations, never make one.
 */
export function rankByTime(history: History, skew: number): History {
  const { count, callUs, returnUs } = history;
  // Event 2i is the call of row i, 2i + 1 its return.
  const times = new Float64Array(count * 2);
  const events = new Int32Array(count * 2);
  let length = 0;
  for (let i = 0; i < count; i++) {
    times[2 * i] = callUs[i]! - skew;
    times[2 * i + 1] = returnUs[i]! + skew;
    events[length++] = 2 * i;
    if (history.outcome[i] !== OUTCOME_INFO) events[length++] = 2 * i + 1;
  }
  const sorted = events
    .subarray(0, length)
    .sort((a, b) => times[a]! - times[b]! || (a & 1) - (b & 1) || a - b);
  const call = new Int32Array(count);
  const ret = new Int32Array(count).fill(NO_RETURN);
  const rows = new Int32Array(count);
  for (let rank = 0, row = 0; rank < length; rank++) {
    const event = sorted[rank]!;
    if ((event & 1) === 0) {
      rows[row++] = event >> 1;
      call[event >> 1] = rank;
    } else {
      ret[event >> 1] = rank;
    }
  }
  return inOrder({ ...history, call, ret }, rows);
}

/** The history with row rows[i] of `h` as row i. */
function inOrder(h: History, rows: Int32Array): History {
  const moved = <A extends Columns[keyof Columns]>(column: A): A => {
    const out = column.slice() as A;
    for (let i = 0; i < rows.length; i++) out[i] = column[rows[i]!]!;
    return out;
  };
  const { expectedValue } = h;
  return {
    ...{ count: h.count, keys: h.keys, values: h.values },
    ...mapColumns(h, moved),
    expectedValue: expectedValue === null ? null : moved(expectedValue),
  };
}
