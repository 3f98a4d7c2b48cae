import { type History } from "../history/op.ts";
import { assert } from "../lib/assert.ts";
import { certificate } from "./certificate.ts";
import type { Model } from "./model.ts";
import type { Forced } from "./path.ts";
import { naive, NAIVE_OPERATIONS_MAX } from "./naive.ts";
import { groupByKey, type Operations, operationsOf } from "./operations.ts";
import { searchSentence, violatedPremise } from "./premises.ts";
import { type Limits, search } from "./search.ts";
import { coreAlone, shrink } from "./shrink.ts";
import { readValues, versionedKv } from "./versioned-kv.ts";
import { isWitness } from "./witness.ts";

/**
 * What a key may be asked: `register`: get, put; `cas`: and compare-and-set by value; `versioned-kv`:
 * get, put with or without a version, delete; `append-kv`: get, put, append; `kv`: all of these.
 * `auto`: whatever the history holds. An operation that the model has not is the user's mistake.
 */
export type ModelName = "auto" | "register" | "cas" | "versioned-kv" | "append-kv" | "kv";

/** Which path of the pipeline settled a key. */
export type Method = "certificate" | "versioned" | "append" | "register" | "insertion" | "search";

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
      /** What forces the order of rows of the core, each way round; empty when search found it. */
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
      const { sentence } = violation;
      const how = { arrows: [], method: "search" } as const;
      return { ...checked, kind: "fail", key: key.name, sentence, core, ...how };
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
    const { limit } = outcome;
    unknown ??= { ...checked, kind: "unknown", limit, key: key.name, prefix: [], detail };
  }
  if (unknown !== null) return { ...unknown, unsettled };
  const certificates = checked.keys - keys.length;
  const settledBy = { ...NONE, certificate: certificates, search: keys.length };
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
  const sentence = searchSentence(history, core);
  return { kind: "fail", key: key.name, sentence, core, arrows: [], method: "search" };
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
