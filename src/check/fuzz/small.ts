import {
  type History,
  NO_RETURN,
  OP_CAS,
  OUTCOME_FAIL,
  OUTCOME_INFO,
  OUTCOME_MISMATCH,
  OUTCOME_OK,
} from "../../history/op.ts";
import { OP_APPEND, OP_DELETE, OP_GET, OP_PUT } from "../../kv/command.ts";

/** One operation of a small history, as one may write it down: what the corpus is made of. */
export type SmallOp = {
  readonly key: number;
  readonly op: keyof typeof OPS;
  readonly value: string | null;
  /** A version, of a versioned put; −1: none. */
  readonly expected: number;
  /** A value, of a cas. */
  readonly expectedValue: string | null;
  readonly outcome: keyof typeof OUTCOMES;
  /** As the reply told; −1: it did not. */
  readonly version: number;
  /** 0: it did not. */
  readonly index: number;
  /** Ranks of events (`ranked`): no two are the same. */
  readonly call: number;
  /** Null: it never returned. */
  readonly ret: number | null;
};

const OPS = {
  get: OP_GET,
  put: OP_PUT,
  append: OP_APPEND,
  delete: OP_DELETE,
  cas: OP_CAS,
} as const;
const OUTCOMES = {
  ok: OUTCOME_OK,
  fail: OUTCOME_FAIL,
  mismatch: OUTCOME_MISMATCH,
  info: OUTCOME_INFO,
} as const;

type Code = { readonly [name: string]: number };
const nameOf = <C extends Code>(codes: C, code: number): keyof C =>
  Object.keys(codes).find((name) => codes[name] === code)!;

/** The same operations in order of call, with the events, whatever their times, at 0, 1, 2 … */
export function ranked(ops: readonly SmallOp[]): readonly SmallOp[] {
  const moments = ops.flatMap(({ call, ret }) => (ret === null ? [call] : [call, ret]));
  const ranks = new Map(moments.sort((a, b) => a - b).map((at, rank) => [at, rank]));
  const own = ops.map((op) => ({
    ...op,
    call: ranks.get(op.call)!,
    ret: op.ret === null ? null : ranks.get(op.ret)!,
  }));
  return own.sort((a, b) => a.call - b.call);
}

/** The history of `ops`, which are ranked; row i is ops[i]. */
export function historyOf(ops: readonly SmallOp[]): History {
  const names: string[] = [];
  const idOf = (text: string | null): number => {
    if (text === null) return -1;
    const known = names.indexOf(text);
    return known >= 0 ? known : names.push(text) - 1;
  };
  const hasCas = ops.some(({ op }) => op === "cas");
  const call = Int32Array.from(ops, (op) => op.call);
  return {
    count: ops.length,
    op: Uint8Array.from(ops, (op) => OPS[op.op]),
    process: processesOf(ops),
    key: Int32Array.from(ops, (op) => op.key),
    outcome: Uint8Array.from(ops, (op) => OUTCOMES[op.outcome]),
    value: Int32Array.from(ops, (op) => idOf(op.value)),
    expected: Float64Array.from(ops, (op) => op.expected),
    expectedValue: hasCas ? Int32Array.from(ops, (op) => idOf(op.expectedValue)) : null,
    version: Float64Array.from(ops, (op) => op.version),
    index: Float64Array.from(ops, (op) => op.index),
    call,
    ret: Int32Array.from(ops, ({ ret }) => ret ?? NO_RETURN),
    callUs: Float64Array.from(call),
    returnUs: Float64Array.from(ops, ({ ret }) => ret ?? 0),
    keys: { size: 1 + Math.max(0, ...ops.map(({ key }) => key)), name: (id) => `k${id}` },
    values: { size: names.length, name: (id) => names[id]! },
  };
}

/** A process has one operation at a time, and none after one that never returned. */
function processesOf(ops: readonly SmallOp[]): Int32Array {
  const freeAt: number[] = [];
  return Int32Array.from(ops, ({ call, ret }) => {
    const free = freeAt.findIndex((at) => at < call);
    const process = free < 0 ? freeAt.length : free;
    freeAt[process] = ret ?? Infinity;
    return process;
  });
}

/** The operations of a history, one an object. */
export function smallOpsOf(h: History): SmallOp[] {
  const text = (id: number): string | null => (id < 0 ? null : h.values.name(id));
  return Array.from({ length: h.count }, (_, row) => ({
    key: h.key[row]!,
    op: nameOf(OPS, h.op[row]!),
    value: text(h.value[row]!),
    expected: h.expected[row]!,
    expectedValue: h.op[row] === OP_CAS ? text(h.expectedValue![row]!) : null,
    outcome: nameOf(OUTCOMES, h.outcome[row]!),
    version: h.version[row]!,
    index: h.index[row]!,
    call: h.call[row]!,
    ret: h.ret[row] === NO_RETURN ? null : h.ret[row]!,
  }));
}
