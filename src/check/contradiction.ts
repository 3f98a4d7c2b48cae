import { type Help, NO_VALUE } from "./model.ts";
import { naive, NAIVE_OPERATIONS_MAX } from "./naive.ts";
import { isPending } from "./operations.ts";
import type { KeyHistory } from "./path.ts";
import { type Limits, search } from "./search.ts";
import { coreAlone, refutedFromAnyState } from "./shrink.ts";

/** A core of more operations has too many orders, and of more helpers too many ways to help. */
const CORE_MAX = 9;
const HELPERS_MAX = 64;

/**
 * Whether no order fits the operations at the places `core` of a key, all its other writes being
 * free to happen or not and all its other reads forgotten: what a failure rests on. Every order of
 * the core is tried, with whatever others could have left in between; where that is too generous to
 * tell or the core too large, every order of the core and the others; where these are too many, exact
 * search. "unknown": that ran out of time or memory.
 */
export function contradicts(
  key: KeyHistory,
  core: readonly number[],
  limits: Limits,
): boolean | "unknown" {
  const { model, operations } = key;
  if (refutedInAnyOrder(key, core)) return true;
  if (model.values === undefined && refutedFromAnyState(model, operations, core, limits))
    return true;
  const rows = core.map((place) => operations.ops[place]!);
  const alone = coreAlone(model, operations, rows);
  if (alone.operations.ops.length <= NAIVE_OPERATIONS_MAX) {
    return !naive(alone.model, alone.operations);
  }
  const { kind } = search(alone.model, alone.operations, limits);
  return kind === "unknown" ? "unknown" : kind === "illegal";
}

/** A write that is not believed but may help: what it leaves, and when it may have happened. */
type Helper = {
  readonly value: number;
  readonly call: number;
  readonly ret: number;
  isUsed: boolean;
};

/** All that one try of every order looks at. */
type Trial = {
  readonly key: KeyHistory;
  readonly helpers: readonly Helper[];
  readonly help: Help;
};

/** Whether every order fails with whatever others could have left in between. False: not known. */
export function refutedInAnyOrder(key: KeyHistory, core: readonly number[]): boolean {
  const { model, operations } = key;
  const believed = core.filter((place) => !isPending(operations, place));
  if (model.values === undefined || believed.length > CORE_MAX) return false;
  const trial = trialOf(key, new Set(believed));
  return trial.helpers.length <= HELPERS_MAX && !fits(trial, model.init, believed, -1);
}

/** Gathers the writes that could leave what a believed operation found. O(n). */
function trialOf(key: KeyHistory, believed: ReadonlySet<number>): Trial {
  const { ops, call, ret } = key.operations;
  const { needed, left } = key.model.values!;
  const wanted = new Set([...believed].map((place) => needed(ops[place]!)));
  wanted.delete(NO_VALUE);
  // A bit for the low digits of each wanted value: nearly all others are told apart by that.
  let bits = 0;
  for (const value of wanted) bits |= 1 << (value & 31);
  const helpers: Helper[] = [];
  let writes = 0;
  for (let i = 0; i < ops.length && helpers.length <= HELPERS_MAX; i++) {
    const value = left(ops[i]!);
    if (value === NO_VALUE) continue;
    writes++;
    if (((bits >>> (value & 31)) & 1) === 0 || !wanted.has(value) || believed.has(i)) continue;
    helpers.push({ value, call: call[i]!, ret: ret[i]!, isUsed: false });
  }
  for (const place of believed) if (left(ops[place]!) !== NO_VALUE) writes--;
  return { key, helpers, help: { writes: writes > 0, deletes: key.traits.deletes } };
}

/** Whether what is left of the core fits some order, when `lastCall` is the last before it. */
function fits(trial: Trial, state: number, rest: readonly number[], lastCall: number): boolean {
  if (rest.length === 0) return true;
  const { model, operations } = trial.key;
  const { shown } = model.values!;
  const firstReturn = Math.min(...rest.map((place) => operations.ret[place]!));
  const able = ableHelpers(trial, firstReturn, lastCall);
  for (const place of rest) {
    if (operations.call[place]! > firstReturn) continue;
    const others = rest.filter((other) => other !== place);
    const op = operations.ops[place]!;
    const latest = Math.max(lastCall, operations.call[place]!);
    const next = model.step(state, op);
    if (next !== undefined && fits(trial, next, others, latest)) return true;
    for (const helped of model.helped!(state, op, [...able.keys()], trial.help)) {
      const after = model.step(helped, op);
      if (after === undefined) continue;
      const value = shown(helped);
      const helper = value === shown(state) ? undefined : able.get(value);
      if (helper !== undefined) helper.isUsed = true;
      const found = fits(trial, after, others, latest);
      if (helper !== undefined) helper.isUsed = false;
      if (found) return true;
    }
  }
  return false;
}

/** By value, who can leave it now: of several whoever has to return first, as no other lasts less. */
function ableHelpers(
  { helpers }: Trial,
  firstReturn: number,
  lastCall: number,
): ReadonlyMap<number, Helper> {
  const able = new Map<number, Helper>();
  for (const helper of helpers) {
    if (helper.isUsed || helper.call > firstReturn || helper.ret < lastCall) continue;
    const other = able.get(helper.value);
    if (other === undefined || helper.ret < other.ret) able.set(helper.value, helper);
  }
  return able;
}
