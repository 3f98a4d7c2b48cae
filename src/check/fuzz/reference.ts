import { NO_RETURN } from "../../history/op.ts";
import { limitsOfLooks } from "../looks.ts";
import type { Model } from "../model.ts";
import { naive } from "../naive.ts";
import type { Operations } from "../operations.ts";
import { type Limits, search } from "../search.ts";
import type { SmallOp } from "./small.ts";

/** What a key holds, as text, so that two states are equal if they look equal. */
type State = string;
const ABSENT: State = "0 ";

/**
 * The store once more, in the plainest way and without a line of the model that the checker uses
 * (versioned-kv.ts): what a get may return, when a write is refused, which version follows.
 */
export const REFERENCE: Model<State, SmallOp> = {
  init: ABSENT,
  step(state, op) {
    const { after, refused } = apply(state, op);
    if (refused !== (op.outcome === "mismatch")) return undefined;
    if (op.op === "get" && op.value !== valueIn(state)) return undefined;
    if (op.version >= 0 && op.version !== versionIn(after)) return undefined;
    return after;
  },
  maybe: (state, op) => apply(state, op).after,
  observes: (op) => op.op === "get" || op.outcome === "mismatch",
};

const versionIn = (state: State): number => Number.parseInt(state, 10);
const valueIn = (state: State): string | null =>
  state === ABSENT ? null : state.slice(state.indexOf(" ") + 1);

function apply(state: State, op: SmallOp): { readonly after: State; readonly refused: boolean } {
  const version = versionIn(state);
  const found = valueIn(state);
  const isRefused =
    (op.op === "cas" && op.expectedValue !== found) ||
    (op.expected >= 0 && op.expected !== version);
  if (isRefused) return { after: state, refused: true };
  if (op.op === "get") return { after: state, refused: false };
  if (op.op === "delete") return { after: ABSENT, refused: false };
  const value = op.op === "append" ? `${found ?? ""}${op.value}` : op.value;
  return { after: `${version + 1} ${value}`, refused: false };
}

/** What says nothing is left out: what did not happen, and gets without an answer. */
const isEvidence = ({ op, outcome }: SmallOp): boolean =>
  outcome !== "fail" && !(outcome === "info" && op === "get");

const operationsOf = (ops: readonly SmallOp[]): Operations<SmallOp> => ({
  ops,
  call: Int32Array.from(ops, ({ call }) => call),
  ret: Int32Array.from(ops, ({ ret }) => ret ?? NO_RETURN),
  order: new Float64Array(ops.length),
});

/** Trying every order manages so many; a history of more is large. */
export const NAIVE_MAX = 16;
const MEMORY_BYTES = 1 << 24;
/** How often searches may look at the clock, in all: of large histories only what is soon told counts. */
const LOOKS_MAX = 1000;
const LOOKS_MAX_LARGE = 30;

/** For one history of so many operations: the same on every machine. */
export function limitsFor(operations: number): Limits {
  return limitsOfLooks(operations > NAIVE_MAX ? LOOKS_MAX_LARGE : LOOKS_MAX, MEMORY_BYTES);
}

/**
 * Whether the operations of one key fit some order. Of more than every order can be tried of, the
 * exact search says so, which of this model knows no values and no shortcuts; null: it gave up.
 */
function decide(model: Model<State, SmallOp>, ops: readonly SmallOp[]): boolean | null {
  const operations = operationsOf(ops);
  if (ops.length <= NAIVE_MAX) return naive(model, operations);
  const { kind } = search(model, operations, limitsFor(ops.length));
  return kind === "unknown" ? null : kind === "legal";
}

/**
 * Whether the operations of each key fit some order: the verdict that all others must agree with.
 * Null: too many operations to tell.
 */
export function isLinearizable(ops: readonly SmallOp[]): boolean | null {
  const keys = new Set(ops.map(({ key }) => key));
  const verdicts = [...keys].map((key) =>
    decide(
      REFERENCE,
      ops.filter((op) => op.key === key && isEvidence(op)),
    ),
  );
  if (verdicts.includes(false)) return false;
  return verdicts.includes(null) ? null : true;
}

/**
 * Whether the operations of one key, `core` among them, do not fit even if only `core` is believed.
 * Null: too many operations to tell.
 */
export function coreHolds(ops: readonly SmallOp[], core: ReadonlySet<SmallOp>): boolean | null {
  const writes = (op: SmallOp): boolean => isEvidence(op) && !REFERENCE.observes(op);
  const part = ops.filter((op) => core.has(op) || writes(op));
  const believing: Model<State, SmallOp> = {
    ...REFERENCE,
    step: (state, op) => (core.has(op) ? REFERENCE.step : REFERENCE.maybe)(state, op),
  };
  const legal = decide(believing, part);
  return legal === null ? null : !legal;
}

/**
 * Whether `order`, of operations of one key, replays: every completed one once, none after one that
 * was called later than it returned. Written apart from witness.ts on purpose.
 */
export function replays(ops: readonly SmallOp[], order: readonly SmallOp[]): boolean {
  const evidence = ops.filter(isEvidence);
  const isOnce = new Set(order).size === order.length && order.every((op) => evidence.includes(op));
  const isWhole = evidence.every((op) => op.ret === null || order.includes(op));
  const isInTime = order.every((late, i) =>
    order.slice(0, i).every((early) => late.ret === null || early.call < late.ret),
  );
  let state: State | undefined = REFERENCE.init;
  for (const op of order) {
    if (state === undefined) break;
    state = op.ret === null ? REFERENCE.maybe(state, op) : REFERENCE.step(state, op);
  }
  return isOnce && isWhole && isInTime && state !== undefined;
}
