import { Prng } from "../../lib/prng.ts";
import type { Method } from "../check.ts";
import type { ModelName } from "../models.ts";
import { drawHistory } from "./draw.ts";
import { judge } from "./judge.ts";
import { shrinkOps } from "./shrink.ts";
import type { SmallOp } from "./small.ts";

/** A history on which the checker is wrong, as it was drawn and as small as it was found. */
export type Finding = {
  readonly seed: number;
  readonly model: ModelName;
  /** Of the smallest: `register says illegal, but key k0 is linearizable`. */
  readonly problem: string;
  readonly ops: readonly SmallOp[];
  readonly drawn: readonly SmallOp[];
};

/** How many histories were judged, and what settled them; numbers add up. */
export type Counts = {
  histories: number;
  legal: number;
  illegal: number;
  disagreements: number;
  /** Verdicts of the checker by what settled them: `register`, `search` … */
  methods: Partial<Record<Method | "none", number>>;
};

export const newCounts = (): Counts => ({
  ...{ histories: 0, legal: 0, illegal: 0, disagreements: 0, methods: {} },
});

/** Adds one count to another. */
export function addCounts(sum: Counts, more: Counts): void {
  for (const name of ["histories", "legal", "illegal", "disagreements"] as const) {
    sum[name] += more[name];
  }
  for (const [method, count] of Object.entries(more.methods)) {
    const name = method as Method;
    sum.methods[name] = (sum.methods[name] ?? 0) + count;
  }
}

/** Draws the history of `seed`, judges it, counts it; a disagreement comes back shrunk. */
export function fuzzSeed(seed: number, counts: Counts): Finding | null {
  const { model, ops: drawn } = drawHistory(new Prng(seed));
  const { legal, method, problem } = judge(drawn, model);
  counts.histories++;
  if (legal !== null) counts[legal ? "legal" : "illegal"]++;
  counts.methods[method] = (counts.methods[method] ?? 0) + 1;
  if (problem === null) return null;
  counts.disagreements++;
  const kind = kindOf(problem);
  const isSame = (ops: readonly SmallOp[]): boolean => {
    const other = judge(ops, model).problem;
    return other !== null && kindOf(other) === kind;
  };
  const ops = shrinkOps(drawn, isSame);
  return { seed, model, problem: judge(ops, model).problem ?? problem, ops, drawn };
}

/** What stays the same of a problem while its history shrinks: all but names and numbers. */
const kindOf = (problem: string): string => problem.split("\n")[0]!.replaceAll(/\d+/g, "#");
