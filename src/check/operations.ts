import { OP_GET } from "../kv/command.ts";
import { type History, NO_RETURN, OUTCOME_FAIL, OUTCOME_INFO } from "../history/op.ts";

/**
 * The operations on one object, in columns, in order of call. `a` precedes `b` iff
 * ret[a] < call[b]. An operation with ret NO_RETURN is pending: it may take effect at any time
 * after its call, or never.
 */
export type Operations<Op> = {
  readonly ops: readonly Op[];
  readonly call: Int32Array;
  readonly ret: Int32Array;
  /**
   * Where the servers say it took effect: log index × 2, plus 1 for a read, which comes after the
   * write at its index. 0: not known. A hint: it decides what is tried first, never a verdict.
   */
  readonly order: Float64Array;
};

export const isPending = <Op>(o: Operations<Op>, i: number): boolean => o.ret[i] === NO_RETURN;

/** The rows of each key: those of key k are rows[from[k]] … rows[from[k + 1] − 1], in order. */
export function groupByKey(history: History): {
  readonly from: Int32Array;
  readonly rows: Int32Array;
} {
  const from = new Int32Array(history.keys.size + 1);
  for (let i = 0; i < history.count; i++) from[history.key[i]! + 1]!++;
  for (let k = 0; k < history.keys.size; k++) from[k + 1]! += from[k]!;
  const next = from.slice();
  const rows = new Int32Array(history.count);
  for (let i = 0; i < history.count; i++) rows[next[history.key[i]!]!++] = i;
  return { from, rows };
}

/** Whether row i says anything: not what did not happen, nor a read without an answer. */
export const isEvidence = (history: History, row: number): boolean =>
  history.outcome[row] !== OUTCOME_FAIL &&
  !(history.outcome[row] === OUTCOME_INFO && history.op[row] === OP_GET);

/** The operations of one key: its rows, less those that are no evidence. */
export function operationsOf(history: History, rows: Int32Array): Operations<number> {
  const ops: number[] = [];
  for (let i = 0; i < rows.length; i++) if (isEvidence(history, rows[i]!)) ops.push(rows[i]!);
  const call = new Int32Array(ops.length);
  const ret = new Int32Array(ops.length);
  const order = new Float64Array(ops.length);
  for (let i = 0; i < ops.length; i++) {
    const row = ops[i]!;
    const index = history.index[row]!;
    call[i] = history.call[row]!;
    ret[i] = history.ret[row]!;
    order[i] = index === 0 ? 0 : index * 2 + (history.op[row] === OP_GET ? 1 : 0);
  }
  return { ops, call, ret, order };
}

/** The operations at `places` (ascending); those that `pending` holds for lose their return. */
export function select<Op>(
  o: Operations<Op>,
  places: readonly number[],
  pending: (place: number) => boolean,
): Operations<Op> {
  const ret = new Int32Array(places.length);
  const order = new Float64Array(places.length);
  for (let i = 0; i < places.length; i++) {
    const place = places[i]!;
    ret[i] = pending(place) ? NO_RETURN : o.ret[place]!;
    order[i] = o.order[place]!;
  }
  return {
    ops: places.map((place) => o.ops[place]!),
    call: Int32Array.from(places, (place) => o.call[place]!),
    ret,
    order,
  };
}
