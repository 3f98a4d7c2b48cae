import { signedRankPMin } from "../../lib/stats/signed-rank.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Comparison, Metric, MetricComparison, Session } from "./comparison.ts";
import { checksOf, endsGate, voidOf } from "./correctness.ts";
import { comparePairs, judge, type Pair } from "./judge.ts";
import { LOOK_ALPHA, type SessionRuns } from "./runs.ts";
import { verdictOf } from "./verdict.ts";

/**
 * The gate (Mode A): what to run next, and what follows from what has run. Pure, so that
 * bench/gate-characteristics.ts can put thousands of simulated gates through the very code that
 * decides about a merge.
 */

/**
 * Of the canaries of a session, which are looked at up to three times: all in all a gate over a steady
 * machine proves nothing in fewer than 3 of 100 cases. Within the reach of 10 pairs (Holm over four).
 */
const CANARY_ALPHA = 0.01;
/** Pairs until the first look; the second comes after twice as many. */
export const PAIRS = 12;

export type GatePlan = {
  readonly metrics: readonly Metric[];
  readonly canaries: readonly Metric[];
  /** Until the first look, and again until the second, and of the confirmation. */
  readonly pairs: number;
};

export type GateFound = Pick<Comparison, "verdict" | "summary" | "checks" | "sessions" | "metrics">;

export type GateStep =
  /** Run so many more pairs, which need to measure these metrics only; 1: the session that confirms. */
  | {
      readonly kind: "run";
      readonly session: 0 | 1;
      readonly pairs: number;
      readonly metrics: readonly Metric[];
      /** `2 of 3 metrics are inconclusive after 12 pairs`. */
      readonly why: string;
    }
  | { readonly kind: "done"; readonly found: GateFound };

/** The fewest pairs with which so many gated metrics can be told from chance at all. */
export function pairsMin(gated: number): number {
  let pairs = 1;
  while (signedRankPMin(pairs) * gated > LOOK_ALPHA) pairs++;
  return pairs;
}

/**
 * A gate over these metrics. Throws UserError when there are none to judge, or too few pairs for so
 * many: such a gate could never fail.
 */
export function planGate(
  metrics: readonly Metric[],
  canaries: readonly Metric[],
  pairs: number = PAIRS,
): GatePlan {
  const gated = metrics.filter((metric) => metric.gated).length;
  if (gated === 0) {
    const fix = "choose a suite with loads";
    throw new UserError("nothing to gate", [{ where: "metrics", what: "none is gated", fix }]);
  }
  const least = pairsMin(gated);
  if (!Number.isInteger(pairs) || pairs < least) {
    const what = `${pairs} pairs cannot tell ${gated} gated metrics from chance`;
    const fix = `use at least ${least}, or gate fewer metrics`;
    throw new UserError("the gate could never fail", [{ where: "pairs", what, fix }]);
  }
  return { metrics, canaries, pairs };
}

/**
 * What to do after these sessions (none, the first, or the first and the one that confirms it). May be
 * asked after every pair: a wrong result, or a saturated generator, ends the gate at once.
 */
export function nextStep(plan: GatePlan, sessions: readonly SessionRuns[]): GateStep {
  const runs = sessions.flatMap(({ pairs }) => pairs);
  const [first, second] = sessions;
  const done = (): GateStep => ({ kind: "done", found: conclude(plan, sessions) });
  if (first === undefined) {
    return { kind: "run", session: 0, pairs: plan.pairs, metrics: plan.metrics, why: "first look" };
  }
  if (endsGate(runs)) return done();
  const missing = pairsMissing(plan, first);
  if (missing > 0) {
    const why = first.pairs.length < plan.pairs ? "first look" : inconclusiveText(plan, first);
    return { kind: "run", session: 0, pairs: missing, metrics: plan.metrics, why };
  }
  const session = look(plan, first);
  const flagged = flaggedOf(session);
  const ran = second?.pairs.length ?? 0;
  if (flagged.length === 0 || session.canaries.length > 0 || ran >= plan.pairs) return done();
  const why = `to confirm: ${flagged.map(({ name }) => name).join(", ")}`;
  return { kind: "run", session: 1, pairs: plan.pairs - ran, metrics: flagged, why };
}

/** How many pairs the first session still needs: until its first look, or until its second. */
function pairsMissing(plan: GatePlan, first: SessionRuns): number {
  const ran = first.pairs.length;
  if (ran < plan.pairs) return plan.pairs - ran;
  if (ran >= 2 * plan.pairs) return 0;
  const atFirst = look(plan, { ...first, pairs: first.pairs.slice(0, plan.pairs) });
  return isInconclusive(atFirst) && atFirst.canaries.length === 0 ? 2 * plan.pairs - ran : 0;
}

const isInconclusive = ({ metrics }: Session): boolean =>
  metrics.some(({ verdict }) => verdict === "inconclusive");

function inconclusiveText(plan: GatePlan, { pairs }: SessionRuns): string {
  const { metrics } = look(plan, { startedAt: "", pairs: pairs.slice(0, plan.pairs) });
  const open = metrics.filter(({ verdict }) => verdict === "inconclusive").length;
  const gated = metrics.filter(({ metric }) => metric.gated).length;
  return `${open} of ${gated} metrics inconclusive after ${plan.pairs} pairs`;
}

/** The metrics that a session found regressed. */
export const flaggedOf = ({ metrics }: Session): Metric[] =>
  metrics.filter(({ verdict }) => verdict === "regressed").map(({ metric }) => metric);

/** What a session says of these metrics, by all its pairs; `metrics` default to the plan's. */
export function look(
  plan: GatePlan,
  { startedAt, pairs }: SessionRuns,
  metrics: readonly Metric[] = plan.metrics,
): Session {
  const judged = (
    of: "metrics" | "canaries",
    which: readonly Metric[],
    alpha: number,
  ): MetricComparison[] => {
    const valuesOf = ({ name }: Metric): readonly Pair<number>[] =>
      pairs.map(({ base, head }) => ({ base: base[of][name]!, head: head[of][name]! }));
    return judge(
      which.map((metric) => comparePairs(metric, valuesOf(metric), alpha)),
      alpha,
    );
  };
  return {
    startedAt,
    pairs: pairs.length,
    looks: pairs.length > plan.pairs ? 2 : 1,
    metrics: judged("metrics", metrics, LOOK_ALPHA),
    canaries: judged("canaries", plan.canaries, CANARY_ALPHA).filter(hasMoved),
  };
}

/** Either way: a machine that was faster for one arm. */
const hasMoved = ({ verdict }: MetricComparison): boolean =>
  verdict === "regressed" || verdict === "improved";

/** The verdict after these sessions, each with one pair at least. */
function conclude(plan: GatePlan, [first, second]: readonly SessionRuns[]): GateFound {
  const before = first === undefined ? [] : [look(plan, first)];
  const confirming =
    second === undefined ? [] : before.map((session) => look(plan, second, flaggedOf(session)));
  const sessions = [...before, ...confirming];
  const pairs = [...(first?.pairs ?? []), ...(second?.pairs ?? [])];
  const checks = checksOf(pairs);
  const metrics = finalWords(sessions);
  const found = { checks, differences: [], void: voidOf(pairs), sessions, metrics };
  return { ...verdictOf(found), checks, sessions, metrics };
}

/**
 * A metric that the first session flagged is as the second session found it, which was not chosen for
 * being bad: regressed only if both say so, inconclusive where they contradict each other.
 */
function finalWords([first, second]: readonly Session[]): readonly MetricComparison[] {
  return (first?.metrics ?? []).map((found) => {
    const again = second?.metrics.find(({ metric }) => metric.name === found.metric.name);
    if (found.verdict !== "regressed" || again === undefined) return found;
    return again.verdict === "improved" ? { ...again, verdict: "inconclusive" as const } : again;
  });
}
