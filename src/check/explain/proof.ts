import { type History, NO_RETURN, OUTCOME_FAIL, OUTCOME_INFO } from "../../history/op.ts";
import type { CheckResult } from "../check.ts";
import { type Evidence, evidence } from "../describe.ts";
import type { Forced } from "../path.ts";
import { reasonText } from "./reasons.ts";
import { type HistoryWindow, windowAround } from "./window.ts";

/** Bars that a person can take in at once. */
const BARS_MAX = 6;

/** One of the operations that prove a violation. */
export type ProofOperation = Evidence & {
  /** Numbers of its call and return among the events of all of the proof, from 0; null: no return. */
  readonly events: readonly [call: number, ret: number | null];
};

/** Operations by their place in the proof. */
export type ProofArrow = Pick<Forced, "before" | "after" | "why"> & {
  /** `returned before it was called`: why `before` precedes `after`. */
  readonly text: string;
};

/** What a person is shown of a verdict, in the form in which reports keep it. */
export type Proof = {
  /** In order of invocation; empty unless the verdict is a violation. */
  readonly operations: readonly ProofOperation[];
  /** The contradiction first, if it is known. */
  readonly arrows: readonly ProofArrow[];
  /** Around the violation, or around where an unknown verdict got stuck; null for a pass. */
  readonly window: HistoryWindow | null;
};

/** O(n) in the history for anything but a pass. */
export function proofOf(h: History, result: CheckResult): Proof {
  switch (result.kind) {
    case "pass":
      return { operations: [], arrows: [], window: null };
    case "fail": {
      const rows = barsOf(h, result.core, result.arrows);
      const window = windowAround(h, rows);
      return {
        operations: proofOperations(h, rows),
        arrows: proofArrows(h, rows, result.arrows),
        window,
      };
    }
    case "unknown": {
      const stuck = firstUnplaced(h, result.key, result.prefix);
      const window = stuck < 0 ? null : windowAround(h, [stuck], result.prefix);
      return { operations: [], arrows: [], window };
    }
  }
}

/** Rows of the bars to draw: those that arrows join before others, and the latest of those. */
function barsOf(h: History, core: readonly number[], arrows: readonly Forced[]): readonly number[] {
  const byTime = (a: number, b: number): number => h.call[a]! - h.call[b]!;
  const joined = new Set(arrows.flatMap(({ before, after }) => [before, after]));
  const rest = core.filter((row) => !joined.has(row)).sort(byTime);
  const first = [...joined].filter((row) => core.includes(row));
  return [...first, ...rest.reverse()].slice(0, BARS_MAX).sort(byTime);
}

/** Rows in order of call. */
export function proofOperations(h: History, rows: readonly number[]): readonly ProofOperation[] {
  const ranks = rows
    .flatMap((row) => [h.call[row]!, h.ret[row]!])
    .filter((rank) => rank !== NO_RETURN)
    .sort((a, b) => a - b);
  return evidence(h, rows).map((operation, i) => {
    const [call, ret] = [h.call[rows[i]!]!, h.ret[rows[i]!]!];
    const end = ret === NO_RETURN ? null : ranks.indexOf(ret);
    return { ...operation, events: [ranks.indexOf(call), end] };
  });
}

/** Those between `rows`, by place in them. */
export function proofArrows(
  h: History,
  rows: readonly number[],
  arrows: readonly Forced[],
): readonly ProofArrow[] {
  return arrows
    .filter(({ before, after }) => rows.includes(before) && rows.includes(after))
    .map((arrow) => ({
      before: rows.indexOf(arrow.before),
      after: rows.indexOf(arrow.after),
      why: arrow.why,
      text: reasonText(h, arrow),
    }));
}

/** The row of the key that returned first of those that the order does not hold; −1: there is none. */
function firstUnplaced(h: History, key: string, prefix: readonly number[]): number {
  const placed = new Set(prefix);
  const keys = Array.from({ length: h.keys.size }, (_, id) => h.keys.name(id));
  const id = keys.indexOf(key);
  let first = -1;
  for (let row = 0; row < h.count; row++) {
    if (h.key[row] !== id || placed.has(row)) continue;
    if (h.outcome[row] === OUTCOME_FAIL || h.outcome[row] === OUTCOME_INFO) continue;
    if (first < 0 || h.ret[row]! < h.ret[first]!) first = row;
  }
  return first;
}
