import { type History } from "../history/op.ts";
import { assert } from "../lib/assert.ts";
import { certificate } from "./certificate.ts";
import type { Model } from "./model.ts";
import { naive, NAIVE_OPERATIONS_MAX } from "./naive.ts";
import { groupByKey, type Operations, operationsOf } from "./operations.ts";
import { searchSentence, violatedPremise } from "./premises.ts";
import { type Limits, search } from "./search.ts";
import { coreAlone, shrink } from "./shrink.ts";
import { readValues, versionedKv } from "./versioned-kv.ts";
import { isWitness } from "./witness.ts";

export type CheckOptions = {
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
      readonly settledBy: { readonly certificate: number; readonly search: number };
    })
  | (Checked & {
      readonly kind: "fail";
      readonly key: string;
      /** `a read by client 7 returned version 41 after client 3 had already read version 42`. */
      readonly sentence: string;
      /** Rows of the operations that prove it, in order of invocation; as few as were found. */
      readonly core: readonly number[];
    })
  | (Checked & {
      readonly kind: "unknown";
      readonly limit: "time" | "memory";
      /** The first key that could not be settled, and how many there are. */
      readonly key: string;
      readonly unsettled: number;
      readonly detail: string;
    });

/** Looking for a small core ends after this, and within the timeout. */
const SHRINK_MS = 5000;

type Key = {
  readonly name: string;
  readonly model: Model<number, number>;
  readonly operations: Operations<number>;
};

/**
 * Checks that every key behaves as one copy of a versioned key-value store (versioned-kv.ts). Keys
 * are independent (P-compositionality). A key is settled by the first that can: the log indexes
 * that the servers told, in O(n log n); premises whose violation shows at a glance; exact search.
 */
export function checkHistory(history: History, options: CheckOptions): CheckResult {
  const startMs = options.now();
  const limits: Limits = {
    now: options.now,
    deadlineMs: startMs + options.timeoutMs,
    memoryBytes: options.memoryBytes,
  };
  const { from, rows } = groupByKey(history);
  const read = readValues(history);
  const checked: Checked = { operations: history.count, keys: history.keys.size };
  const rest: Key[] = [];
  for (let k = 0; k < history.keys.size; k++) {
    const own = rows.subarray(from[k]!, from[k + 1]!);
    const operations = operationsOf(history, own);
    const model = versionedKv(history, own, read);
    const order = certificate(model, operations);
    if (order !== null && isWitness(model, operations, order)) continue;
    rest.push({ name: history.keys.name(k), model, operations });
  }
  return searchKeys(history, checked, rest, limits);
}

/** Settles the keys for which there is no certificate. A violation anywhere beats an unknown. */
function searchKeys(
  history: History,
  checked: Checked,
  keys: readonly Key[],
  limits: Limits,
): CheckResult {
  for (const key of keys) {
    const violation = violatedPremise(history, key.operations);
    if (violation !== null) {
      const core = violation.rows.toSorted((a, b) => a - b);
      recheck(key, core);
      return { ...checked, kind: "fail", key: key.name, sentence: violation.sentence, core };
    }
  }
  let unknown: Omit<Extract<CheckResult, { kind: "unknown" }>, "unsettled"> | null = null;
  let unsettled = 0;
  for (const key of keys) {
    const outcome = search(key.model, key.operations, limits);
    if (outcome.kind === "illegal") {
      return { ...checked, ...violationOf(history, key, outcome.stuck, limits) };
    }
    if (outcome.kind === "legal") {
      const sound = isWitness(key.model, key.operations, outcome.witness);
      assert(sound, `the search of key ${key.name} gave an order that does not replay`);
      continue;
    }
    unsettled++;
    const placed = `${outcome.placed} of ${key.operations.ops.length} operations`;
    const detail = `${outcome.limit} ran out after ${placed} of key ${key.name} had been ordered`;
    unknown ??= { ...checked, kind: "unknown", limit: outcome.limit, key: key.name, detail };
  }
  if (unknown !== null) return { ...unknown, unsettled };
  const settledBy = { certificate: checked.keys - keys.length, search: keys.length };
  return { ...checked, kind: "pass", settledBy };
}

function violationOf(
  history: History,
  key: Key,
  stuck: number,
  limits: Limits,
): Omit<Extract<CheckResult, { kind: "fail" }>, keyof Checked> {
  const deadlineMs = Math.min(limits.deadlineMs, limits.now() + SHRINK_MS);
  const places = shrink(key.model, key.operations, stuck, { ...limits, deadlineMs });
  const core = places.map((place) => key.operations.ops[place]!);
  recheck(key, core);
  return { kind: "fail", key: key.name, sentence: searchSentence(history, core), core };
}

/**
 * Tries every order of a core that is said to be illegal, all other writes being free to leave what
 * they like and all other reads forgotten. Throws AssertionError if one fits: then the checker is
 * wrong. Keys with too many writes for that are left alone.
 */
function recheck({ name, model, operations }: Key, core: readonly number[]): void {
  const part = coreAlone(model, operations, core);
  if (part.operations.ops.length > NAIVE_OPERATIONS_MAX) return;
  const legal = naive(part.model, part.operations);
  assert(!legal, `the core of key ${name} is legal: ${core.join(" ")}`);
}
