import { signedRankTest } from "../../lib/stats/signed-rank.ts";
import type { Check, Report } from "../schema.ts";
import { LOOK_ALPHA, type PairedRun, type RunPair } from "./runs.ts";

/**
 * Correctness first. One check a name over all runs of the head; then whether the head has more
 * errors; then whether the generator kept up.
 */
export function checksOf(pairs: readonly RunPair[]): readonly Check[] {
  const heads = pairs.map(({ head }) => head);
  const bases = pairs.map(({ base }) => base);
  return [
    ...mergeChecks(heads),
    ...baseProblems(mergeChecks(bases)),
    errorsCheck(pairs),
    generatorCheck(pairs),
  ];
}

/** The checks of a report but for the goals of a suite of figures, which are of speed. */
export const correctnessOf = ({ checks }: Report): readonly Check[] =>
  checks.filter(({ name }) => name !== "goals");

/**
 * What is not right with the base, as "unknown": it does not condemn the head, but the speed of an
 * incorrect base is no measure.
 */
export const baseProblems = (checks: readonly Check[]): Check[] =>
  checks
    .filter(({ verdict }) => verdict !== "pass")
    .map((check) => ({ ...check, name: `base: ${check.name}`, verdict: "unknown" }));

/** Something that more pairs would not undo: a failed check of the head, or a void run. */
export const endsGate = (pairs: readonly RunPair[]): boolean =>
  voidOf(pairs) !== null ||
  errorsInHeadOnly(pairs) ||
  pairs.some(({ head }) => head.checks.some(({ verdict }) => verdict === "fail"));

/** Why the figures must not be used, or null. */
export function voidOf(pairs: readonly RunPair[]): string | null {
  for (const arm of ["base", "head"] as const) {
    const at = pairs.findIndex((pair) => pair[arm].void !== null);
    if (at >= 0) return `${arm}, pair ${at + 1}: ${pairs[at]![arm].void}`;
  }
  return null;
}

/** The worst of each check over the runs, with its evidence; told when it was not in all of them. */
function mergeChecks(runs: readonly PairedRun[]): Check[] {
  const names = new Set(runs.flatMap(({ checks }) => checks.map(({ name }) => name)));
  return [...names].map((name) => {
    const all = runs.flatMap(({ checks }, i) =>
      checks.filter((check) => check.name === name).map((check) => ({ check, run: i + 1 })),
    );
    const bad = all.filter(({ check }) => check.verdict !== "pass");
    const worst = bad.find(({ check }) => check.verdict === "fail") ?? bad[0];
    if (worst === undefined) return { ...all[0]!.check, detail: `in all ${all.length} runs` };
    const others = bad.length > 1 ? `, and so in ${bad.length - 1} more of ${all.length}` : "";
    const detail = `run ${worst.run}: ${worst.check.detail}${others}`;
    return { ...worst.check, detail };
  });
}

const errorsOf = (pairs: readonly RunPair[], arm: "base" | "head"): number =>
  pairs.reduce((sum, pair) => sum + pair[arm].errors, 0);

const errorsInHeadOnly = (pairs: readonly RunPair[]): boolean =>
  errorsOf(pairs, "base") === 0 && errorsOf(pairs, "head") > 0;

/**
 * Errors where the base has none are wrong, however few. Where both have some (a suite that breaks
 * things), the head's must be more beyond chance.
 */
function errorsCheck(pairs: readonly RunPair[]): Check {
  const [base, head] = [errorsOf(pairs, "base"), errorsOf(pairs, "head")];
  const { p } = signedRankTest(pairs.map((pair) => pair.head.errors - pair.base.errors));
  const isWorse = errorsInHeadOnly(pairs) || (head > base && p <= LOOK_ALPHA);
  return {
    name: "errors",
    verdict: isWorse ? "fail" : "pass",
    detail: `${head} in the head, ${base} in the base`,
    evidence: [],
  };
}

function generatorCheck(pairs: readonly RunPair[]): Check {
  const why = voidOf(pairs);
  return {
    name: "generator",
    verdict: why === null ? "pass" : "unknown",
    detail: why ?? "was not the bottleneck",
    evidence: [],
  };
}
