import type { Prng } from "../../../lib/prng.ts";
import { normal } from "../../../lib/stats/testing/normal.ts";
import type { Metric } from "../comparison.ts";
import { canaryMetric, loadMetrics } from "../metrics.ts";
import { type GateFound, type GatePlan, nextStep, planGate } from "../paired.ts";
import type { PairedRun, RunPair, SessionRuns } from "../runs.ts";

/** A gate without processes: runs whose figures are drawn, judged by the real code. */
export type SimulatedGate = {
  readonly cases: number;
  /** Standard deviation of ln(head / base) over pairs, of the gated metrics. */
  readonly sigma: number;
  /** Of the metrics that are shown: p99.9 and max. */
  readonly tailSigma: number;
  readonly noise: "normal" | "heavy-tailed";
  /** ln, + is worse; by the name of a metric, or of all metrics that end so (`p50`). */
  readonly effects: Readonly<Record<string, number>>;
  /** ln by which the machine is slower while the head runs. */
  readonly canaryShift: number;
  /** Standard deviation of ln(head / base) of the canaries. */
  readonly canarySigma: number;
};

export const AA: SimulatedGate = {
  cases: 1,
  sigma: 0.16,
  tailSigma: 0.62,
  noise: "normal",
  effects: {},
  canaryShift: 0,
  canarySigma: 0.1,
};

export const CANARIES = [
  canaryMetric("CPU spin", "µs"),
  canaryMetric("loopback round trip", "µs"),
  canaryMetric("fsync", "µs"),
  canaryMetric("timer lateness", "µs"),
];

/** What all metrics of a run have in common: a slow minute is slow for all. Half of the variance. */
const SHARED = Math.SQRT1_2;

export const simulatedPlan = ({ cases }: SimulatedGate): GatePlan =>
  planGate(Array.from({ length: cases }, (_, i) => loadMetrics(`case ${i + 1}`)).flat(), CANARIES);

/** Runs a whole gate, with its second look and its confirmation. */
export function simulateGate(prng: Prng, gate: SimulatedGate): GateFound {
  const plan = simulatedPlan(gate);
  const sessions: { readonly startedAt: string; readonly pairs: RunPair[] }[] = [];
  for (;;) {
    const step = nextStep(plan, sessions satisfies readonly SessionRuns[]);
    if (step.kind === "done") return step.found;
    const session = (sessions[step.session] ??= { startedAt: "", pairs: [] });
    for (let i = 0; i < step.pairs; i++) session.pairs.push(drawPair(prng, plan, gate));
  }
}

function drawPair(prng: Prng, plan: GatePlan, gate: SimulatedGate): RunPair {
  const shared = draw(prng, gate.noise);
  // Each arm has half of the variance of their difference.
  const noise = (sigma: number): number => sigma * SHARED * (shared + draw(prng, gate.noise));
  const base: Record<string, number> = {};
  const head: Record<string, number> = {};
  for (const metric of plan.metrics) {
    const worse = effectOn(metric, gate) + noise(metric.gated ? gate.sigma : gate.tailSigma);
    base[metric.name] = TYPICAL;
    head[metric.name] = TYPICAL * Math.exp(metric.better === "lower" ? worse : -worse);
  }
  const canaries = Object.fromEntries(
    plan.canaries.map(({ name }) => [
      name,
      TYPICAL * Math.exp(gate.canaryShift + gate.canarySigma * normal(prng)),
    ]),
  );
  const run = { checks: [], errors: 0, void: null } satisfies Partial<PairedRun>;
  const still = Object.fromEntries(plan.canaries.map(({ name }) => [name, TYPICAL]));
  return {
    base: { ...run, metrics: base, canaries: still },
    head: { ...run, metrics: head, canaries },
  };
}

/** Far above all floors, in any unit. */
const TYPICAL = 10_000;

const effectOn = ({ name }: Metric, { effects }: SimulatedGate): number =>
  Object.entries(effects).find(([key]) => name === key || name.endsWith(`: ${key}`))?.[1] ?? 0;

/**
 * Heavy-tailed: one pair in ten is four times as wide as the others (Tukey's contaminated normal), at
 * a standard deviation of 1 all the same.
 */
function draw(prng: Prng, noise: SimulatedGate["noise"]): number {
  if (noise === "normal") return normal(prng);
  return (normal(prng) * (prng.chance(0.1) ? 4 : 1)) / Math.sqrt(0.9 + 0.1 * 16);
}
