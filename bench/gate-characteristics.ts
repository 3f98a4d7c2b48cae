import { defineFigureSuite, type Figure, figure, type FigureContext } from "../src/bench/dsl.ts";
import { Prng } from "../src/lib/prng.ts";
import type { GateFound } from "../src/report/compare/paired.ts";
import { AA, simulateGate, type SimulatedGate } from "../src/report/compare/testing/simulate.ts";

const GATES = 500;
const GATES_QUICK = 40;
const FALSE_MAX = 0.01;
const CAUGHT_MIN = 0.75;
const UNPROVEN_MAX = 0.03;
const WORSE = Math.log(1.2);

type Row = {
  readonly name: string;
  readonly gate: SimulatedGate;
  /** The share of the gates that end so is the figure. */
  readonly verdict: GateFound["verdict"];
  readonly goal: Figure["goal"];
};

const alarm = (name: string, gate: Partial<SimulatedGate>): Row => ({
  name: `false alarms: ${name}`,
  gate: { ...AA, ...gate },
  verdict: "regressed",
  goal: { atMost: FALSE_MAX },
});

const caught = (name: string, gate: Partial<SimulatedGate>): Row => ({
  name: `caught: ${name}`,
  gate: { ...AA, ...gate },
  verdict: "regressed",
  goal: { atLeast: CAUGHT_MIN },
});

const P50_WORSE = { p50: WORSE };
const ALL_WORSE = { throughput: WORSE, p50: WORSE, p99: WORSE };

const ROWS: readonly Row[] = [
  alarm("σ 8 %", { sigma: 0.08 }),
  alarm("σ 16 %", {}),
  alarm("σ 16 %, heavy-tailed", { noise: "heavy-tailed" }),
  alarm("σ 16 %, 24 metrics", { cases: 8 }),
  alarm("σ 62 %, heavy-tailed, as if p99.9 were gated", { sigma: 0.62, noise: "heavy-tailed" }),
  caught("p50 +20 %, σ 8 %", { sigma: 0.08, effects: P50_WORSE }),
  caught("p50 +20 %, σ 16 %", { effects: P50_WORSE }),
  caught("all +20 %, σ 16 %", { effects: ALL_WORSE }),
  caught("p50 +20 %, σ 16 %, heavy-tailed", { noise: "heavy-tailed", effects: P50_WORSE }),
  caught("p50 of 1 case in 8 +20 %, σ 16 %", { cases: 8, effects: { "case 1: p50": WORSE } }),
  {
    ...caught("p50 +20 %, σ 62 %, heavy-tailed", {
      ...{ sigma: 0.62, noise: "heavy-tailed", effects: P50_WORSE },
    }),
    goal: null,
  },
  {
    name: "told as unproven: the machine 30 % slower under the head",
    gate: { ...AA, effects: ALL_WORSE, canaryShift: Math.log(1.3) },
    verdict: "unproven",
    goal: { atLeast: 1 - FALSE_MAX },
  },
  {
    name: "unproven by chance: canaries as noisy as timers and disks, σ 40 %",
    gate: { ...AA, canarySigma: 0.4 },
    verdict: "unproven",
    goal: { atMost: UNPROVEN_MAX },
  },
];

/** How often a gate is wrong: whole gates with two looks and confirmation, over runs that are drawn. */
export default defineFigureSuite({
  name: "gate-characteristics",
  about:
    "Shares of simulated gates: false alarms without a regression, and regressions of 20 % that are caught, by the noise of a pair of runs. The verdicts are those of the real code.",
  run: (context) => Promise.resolve(ROWS.map((row) => simulate(context, row))),
});

function simulate({ seed, quick, progress }: FigureContext, { name, gate, verdict, goal }: Row) {
  progress(name);
  const prng = new Prng(seed).fork(name);
  const count = quick ? GATES_QUICK : GATES;
  const found = Array.from({ length: count }, () => simulateGate(prng, gate));
  const share = (is: (one: GateFound) => boolean): number => found.filter(is).length / count;
  const flagged = share(({ sessions }) =>
    sessions[0]!.metrics.some((metric) => metric.verdict === "regressed"),
  );
  const unsure = share((one) => one.verdict === "inconclusive");
  const pairs = found.flatMap(({ sessions }) => sessions).reduce((sum, one) => sum + one.pairs, 0);
  const note = [
    `${percent(flagged)} flagged before confirmation`,
    `${percent(unsure)} inconclusive`,
    `${(pairs / count).toFixed(0)} pairs a gate, ${count} gates`,
  ].join("; ");
  return figure(
    name,
    share((one) => one.verdict === verdict),
    "ratio",
    { goal, note },
  );
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
