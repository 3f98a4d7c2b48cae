import { type Model, NO_VALUE } from "../model.ts";
import { isPending, type Operations } from "../operations.ts";

/** What an operation does to a register. One that fits everywhere and changes nothing is IDLE. */
export const READ = 0;
export const WRITE = 1;
export const CAS = 2;
/** It found another value than `from`. */
export const REFUSED = 3;
export const IDLE = 4;

/**
 * The operations on one register, in columns, in order of call and numbered as they came. Values are
 * 0 … values − 1; 0 is the one it begins with. Of pending operations (ret NO_RETURN) only WRITE and
 * CAS matter.
 */
export type RegisterOps = {
  readonly count: number;
  readonly kind: Uint8Array;
  /** The value that a READ or CAS found, and that a REFUSED did not; −1 otherwise. */
  readonly from: Int32Array;
  /** The value that a WRITE or CAS left; −1 otherwise. */
  readonly to: Int32Array;
  readonly call: Int32Array;
  readonly ret: Int32Array;
  readonly values: number;
};

/** `o` as operations on a register that begins in `start`; null if its model is more than that. */
export function registerOps<State, Op>(
  model: Model<State, Op>,
  o: Operations<Op>,
  start: State,
): RegisterOps | null {
  const { values, excluded } = model;
  if (values === undefined || excluded === undefined) return null;
  const ids = new Map([[values.shown(start), 0]]);
  const idOf = (value: number): number => {
    if (value === NO_VALUE) return -1;
    const known = ids.get(value) ?? ids.size;
    ids.set(value, known);
    return known;
  };
  const count = o.ops.length;
  const kind = new Uint8Array(count).fill(IDLE);
  const from = new Int32Array(count).fill(-1);
  const to = new Int32Array(count).fill(-1);
  for (let j = 0; j < count; j++) {
    const op = o.ops[j]!;
    const isOpen = isPending(o, j);
    const found = idOf(values.needed(op));
    const left = idOf(values.left(op));
    const isWrite = left >= 0 && found < 0;
    if (isWrite || (left >= 0 && found !== left)) {
      kind[j] = isWrite ? WRITE : CAS;
      to[j] = left;
    } else if (isOpen) {
      continue;
    } else if (found >= 0) {
      kind[j] = READ; // Or a compare-and-set that leaves what it found.
    } else if (excluded(op) !== NO_VALUE) {
      kind[j] = REFUSED;
    }
    from[j] = kind[j] === REFUSED ? idOf(excluded(op)) : found;
  }
  return { count, kind, from, to, call: o.call, ret: o.ret, values: ids.size };
}
