import { OP_GET } from "../kv/command.ts";
import { NO_RETURN, OUTCOME_FAIL, OUTCOME_INFO } from "../history/op.ts";

/** What an array of operations and an Int32Array of rows have in common. */
export type Column<T> = Iterable<T> & {
  readonly length: number;
  readonly [i: number]: T;
  keys(): IterableIterator<number>;
  some(holds: (element: T) => boolean): boolean;
};

/**
 * The operations on one object, in columns, in order of call. `a` precedes `b` iff
 * ret[a] < call[b]. An operation with ret NO_RETURN is pending: it may take effect at any time
 * after its call, or never.
 */
export type Operations<Op> = {
  readonly ops: Column<Op>;
  readonly call: Int32Array;
  readonly ret: Int32Array;
  /**
   * Where the servers say it took effect: log index × 2, plus 1 for a read, which comes after the
   * write at its index. 0: not known. A hint: it decides what is tried first, never a verdict.
   */
  readonly order: Float64Array;
};

export const isPending = <Op>(o: Operations<Op>, i: number): boolean => o.ret[i] === NO_RETURN;

/** Whether an operation says anything: not what did not happen, nor a read without an answer. */
export const isEvidence = (op: number, outcome: number): boolean =>
  outcome !== OUTCOME_FAIL && !(outcome === OUTCOME_INFO && op === OP_GET);

/** Operations.order of an operation that took effect at log index `index`; 0: not told. */
export const toldOrder = (op: number, index: number): number =>
  index === 0 ? 0 : index * 2 + (op === OP_GET ? 1 : 0);

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
