import { NO_RETURN } from "../../history/op.ts";
import { CAS, type RegisterOps, WRITE } from "./register-ops.ts";

/**
 * The operations numbered `core`, which are completed, from a register that holds `start` when the
 * first of them is called. Others that had not returned by then may take effect or not; what had shows only in `start`.
 * If this is illegal from every start then so is `o`: any order of `o` has one of these orders within.
 */
export function windowOf(o: RegisterOps, core: Int32Array, start: number): RegisterOps {
  const isCore = new Uint8Array(o.count);
  let begin = NO_RETURN;
  let end = 0;
  for (const j of core) {
    isCore[j] = 1;
    begin = Math.min(begin, o.call[j]!);
    end = Math.max(end, o.ret[j]!);
  }
  const numbers: number[] = [];
  for (let j = 0; j < o.count && o.call[j]! < end; j++) {
    const mayHelp = (o.kind[j] === WRITE || o.kind[j] === CAS) && o.ret[j]! > begin;
    if (isCore[j] === 1 || mayHelp) numbers.push(j);
  }
  // The value it begins with is 0.
  const value = (v: number): number => (v === start ? 0 : v === 0 ? start : v);
  return {
    count: numbers.length,
    kind: Uint8Array.from(numbers, (j) => o.kind[j]!),
    from: Int32Array.from(numbers, (j) => value(o.from[j]!)),
    to: Int32Array.from(numbers, (j) => value(o.to[j]!)),
    call: Int32Array.from(numbers, (j) => o.call[j]!),
    ret: Int32Array.from(numbers, (j) => (isCore[j] === 1 ? o.ret[j]! : NO_RETURN)),
    values: o.values,
  };
}
