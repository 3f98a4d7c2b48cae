import type { History } from "../history/op.ts";
import { broken } from "../lib/assert.ts";
import { contradicts } from "./contradiction.ts";
import { explained } from "./explain/explained.ts";
import { coreSentence } from "./explain/sentence.ts";
import { type Keys, keysOf } from "./keys.ts";
import { type ModelName, requireModel } from "./models.ts";
import type { Forced, KeyHistory } from "./path.ts";
import { violatedPremise } from "./premises.ts";
import { type Limits, type Outcome, search } from "./search.ts";
import { type Method, type Settled, settle } from "./settle.ts";
import { shrink } from "./shrink.ts";
import { isWitness } from "./witness.ts";

export type { Method } from "./settle.ts";
export type { ModelName } from "./models.ts";

export type CheckOptions = {
  /** Default: auto. */
  readonly model?: ModelName;
  /** A clock in milliseconds. Only differences count. */
  readonly now: () => number;
  readonly timeoutMs: number;
  /** What the search of one key may remember. */
  readonly memoryBytes: number;
};

type Checked = { readonly operations: number; readonly keys: number };

/** A verdict on a history: linearizable, not, or not known. Unknown is never a pass. */
export type CheckResult =
  | (Checked & {
      readonly kind: "pass";
      /** How many keys each method settled. */
      readonly settledBy: Readonly<Record<Method, number>>;
    })
  | (Checked & {
      readonly kind: "fail";
      readonly key: string;
      /** `a read by client 7 returned version 41 after client 3 had already read version 42`. */
      readonly sentence: string;
      /** Rows of the operations that prove it, in order of invocation; as few as were found. */
      readonly core: readonly number[];
      /** What forces the order of rows of the core, the contradiction first; empty: values repeat. */
      readonly arrows: readonly Forced[];
      readonly method: Method;
    })
  | (Checked & {
      readonly kind: "unknown";
      readonly limit: "time" | "memory";
      /** The first key that could not be settled, and how many there are. */
      readonly key: string;
      readonly unsettled: number;
      /** Rows of the longest legal order of that key that was found, in that order. */
      readonly prefix: readonly number[];
      readonly detail: string;
    });

/** Looking for a small core ends after this, and within the timeout. */
const SHRINK_MS = 5000;

const NONE: Readonly<Record<Method, number>> = {
  certificate: 0,
  versioned: 0,
  append: 0,
  register: 0,
  insertion: 0,
  search: 0,
};

/**
 * Checks that every key behaves as one copy of a key-value store (versioned-kv.ts). Keys are
 * independent (P-compositionality). Each is settled by the first that can: the log indexes that the
 * servers told, the near-linear paths (settle.ts), premises whose violation shows at a glance, exact
 * search. A violation anywhere beats an unknown. Throws UserError if the model does not fit.
 */
export function checkHistory(history: History, options: CheckOptions): CheckResult {
  const open = openCheck(history, options);
  if (open.kind !== "open") return open;
  return closeCheck(open, (k) => {
    const { model, operations } = open.keys.at(k);
    return search(model, operations, open.limits);
  });
}

/** A check of which only exact search of some keys is left: whoever has several CPUs can share it out. */
export type OpenCheck = {
  readonly kind: "open";
  readonly keys: Keys;
  /** Numbers of the keys to search. */
  readonly hard: readonly number[];
  readonly limits: Limits;
  readonly checked: Checked;
  readonly settledBy: Readonly<Record<Method, number>>;
};

/** checkHistory as far as it goes without search. Throws as it does. */
export function openCheck(history: History, options: CheckOptions): CheckResult | OpenCheck {
  requireModel(history, options.model ?? "auto");
  const limits: Limits = {
    now: options.now,
    deadlineMs: options.now() + options.timeoutMs,
    memoryBytes: options.memoryBytes,
  };
  const checked: Checked = { operations: history.count, keys: history.keys.size };
  const keys = keysOf(history);
  const settledBy = { ...NONE };
  const hard: number[] = [];
  for (let k = 0; k < keys.count; k++) {
    const settled = settle(keys.at(k), limits);
    if (settled === null) hard.push(k);
    else if (settled.kind === "legal") settledBy[settled.method]++;
    else return { ...checked, ...failure(keys.at(k), settled, limits) };
  }
  const violation = premiseViolated(keys, hard, limits);
  if (violation !== null) return { ...checked, ...violation };
  return { kind: "open", keys, hard, limits, checked, settledBy };
}

/** What comes of a check, given what search says of each hard key; asked in order, up to the first violation. */
export function closeCheck(open: OpenCheck, outcomeOf: (key: number) => Outcome): CheckResult {
  const { checked, settledBy, hard } = open;
  const unsettled = searchKeys(open, outcomeOf);
  if (unsettled !== null) return { ...checked, ...unsettled };
  const searched = settledBy.search + hard.length;
  return { ...checked, kind: "pass", settledBy: { ...settledBy, search: searched } };
}

type Fail = Omit<Extract<CheckResult, { kind: "fail" }>, keyof Checked>;
type Unknown = Omit<Extract<CheckResult, { kind: "unknown" }>, keyof Checked>;

function failure(
  key: KeyHistory,
  settled: Extract<Settled, { kind: "illegal" }>,
  limits: Limits,
): Fail {
  const { method, sentence } = settled;
  const { core, arrows } = explained(key, settled.core, settled.arrows, limits);
  return { kind: "fail", key: key.name, sentence, core, arrows, method };
}

/** A violation that shows at a glance on one of the keys that no path could settle. */
function premiseViolated(keys: Keys, hard: readonly number[], limits: Limits): Fail | null {
  for (const k of hard) {
    const key = keys.at(k);
    const violation = violatedPremise(key.history, key.operations);
    if (violation === null) continue;
    const core = violation.rows.toSorted((a, b) => a - b);
    recheck(key, core, limits);
    const { sentence } = violation;
    const explanation = explained(key, core, violation.arrows ?? [], limits);
    return { kind: "fail", key: key.name, sentence, ...explanation, method: "search" };
  }
  return null;
}

/** Null: all hard keys are legal. */
function searchKeys(
  { keys, hard, limits }: OpenCheck,
  outcomeOf: (key: number) => Outcome,
): Fail | Unknown | null {
  let unknown: Omit<Unknown, "unsettled"> | null = null;
  let unsettled = 0;
  for (const k of hard) {
    const key = keys.at(k);
    const outcome = outcomeOf(k);
    if (outcome.kind === "illegal") return violationOf(key, outcome.stuck, limits);
    if (outcome.kind === "legal") {
      const sound = isWitness(key.model, key.operations, outcome.witness);
      if (!sound) broken(`the search of key ${key.name} gave an order that does not replay`);
      continue;
    }
    unsettled++;
    const placed = `${outcome.prefix.length} of ${key.operations.ops.length} operations`;
    const prefix = Array.from(outcome.prefix, (place) => key.operations.ops[place]!);
    const detail = `${outcome.limit} ran out after ${placed} of key ${key.name} had been ordered`;
    unknown ??= { kind: "unknown", limit: outcome.limit, key: key.name, prefix, detail };
  }
  return unknown === null ? null : { ...unknown, unsettled };
}

function violationOf(key: KeyHistory, stuck: number, limits: Limits): Fail {
  const deadlineMs = Math.min(limits.deadlineMs, limits.now() + SHRINK_MS);
  const places = shrink(key.model, key.operations, stuck, { ...limits, deadlineMs });
  const core = places.map((place) => key.operations.ops[place]!).sort((a, b) => a - b);
  recheck(key, core, limits);
  const explanation = explained(key, core, [], limits);
  const sentence = coreSentence(key.history, explanation.core, explanation.arrows);
  return { kind: "fail", key: key.name, sentence, ...explanation, method: "search" };
}

/** Throws AssertionError if an order fits the core (rows) after all: then the checker is wrong. */
function recheck(key: KeyHistory, core: readonly number[], limits: Limits): void {
  const rows = new Set(core);
  const places: number[] = [];
  for (let i = 0; i < key.operations.ops.length; i++) {
    if (rows.has(key.operations.ops[i]!)) places.push(i);
  }
  const sound = contradicts(key, places, limits);
  if (sound === false) broken(`the core of key ${key.name} is legal: ${core.join(" ")}`);
}
