import { expect, test } from "bun:test";
import { Prng } from "../../lib/prng.ts";
import { planGate } from "../../report/compare/paired.ts";
import { PUT_LOAD, type LoadCase } from "../dsl.ts";
import { curvesOf } from "./curves.ts";
import { CANARY_METRICS, metricsOf } from "./metrics.ts";
import type { ArmName } from "./plan.ts";
import { type CaseRun, type GateOutcome, runGate } from "./session.ts";

const NAMES = ["busy", "calm"] as const;
const CASES: readonly LoadCase[] = NAMES.map((name) => ({
  name,
  cluster: { nodes: 3, storage: "disk" },
  load: { ...PUT_LOAD, clients: 1, connections: 1 },
}));

type Ran = { readonly arm: ArmName; readonly name: string; readonly seed: number };
type Synthetic = { readonly outcome: GateOutcome; readonly ran: readonly Ran[] };

/** A gate over arms that are numbers: `head` changes what the head's runs measured. */
async function gateOver(
  head: (run: CaseRun, name: string) => CaseRun,
  sigma = 0.08,
): Promise<Synthetic> {
  const noise = new Prng(7).fork("noise");
  // The sum of twelve uniform draws is as good as normal.
  const normal = (): number =>
    Array.from({ length: 12 }, () => noise.float()).reduce((a, b) => a + b) - 6;
  const ran: Ran[] = [];
  const runCase = (arm: ArmName, { name }: LoadCase, seed: number): Promise<CaseRun> => {
    ran.push({ arm, name, seed });
    const metrics = metricsOf([name]).map(({ name: metric }) => [
      metric,
      1_000 * Math.exp(sigma * normal()),
    ]);
    const run: CaseRun = {
      metrics: Object.fromEntries(metrics) as CaseRun["metrics"],
      canaries: Object.fromEntries(CANARY_METRICS.map((metric) => [metric.name, 100])),
      checks: [{ name: "linearizable", verdict: "pass", detail: "", evidence: [] }],
      curve: [
        [0.5, 1_000],
        [1, 2_000],
      ],
      errors: 0,
      void: null,
    };
    return Promise.resolve(arm === "head" ? head(run, name) : run);
  };
  const outcome = await runGate({
    plan: planGate(metricsOf(NAMES), CANARY_METRICS, 12),
    ...{ cases: CASES, seed: 3, runCase, now: () => new Date(0), onProgress: () => {} },
  });
  return { outcome, ran };
}

const slower = (run: CaseRun, metric: string, by: number): CaseRun => ({
  ...run,
  metrics: { ...run.metrics, [metric]: run.metrics[metric]! * by },
});

test("gate: the same arm twice is no regression; both run every case of a pair with the same seed", async () => {
  const { outcome, ran } = await gateOver((run) => run);
  expect(["pass", "inconclusive"]).toContain(outcome.found.verdict);
  for (let i = 0; i < ran.length; i += 2) {
    const [first, second] = [ran[i]!, ran[i + 1]!];
    expect([first.name, first.seed]).toEqual([second.name, second.seed]);
    expect(first.arm).not.toBe(second.arm);
  }
});

test("gate: each arm goes first as often as the other, whichever way one looks", async () => {
  const { ran } = await gateOver((run) => run);
  const first = ran.filter((_, i) => i % 2 === 0);
  for (const name of NAMES) {
    const of = first.slice(0, 24).filter((run) => run.name === name);
    expect(of.filter(({ arm }) => arm === "base").length).toBe(of.length / 2);
  }
});

test("gate: a regression is confirmed by a second session that runs its case only", async () => {
  const { outcome, ran } = await gateOver((run, name) =>
    name === "calm" ? slower(run, "calm: p50", 1.3) : run,
  );
  expect(outcome.found.verdict).toBe("regressed");
  const regressed = outcome.found.metrics.filter(({ verdict }) => verdict === "regressed");
  expect(regressed.map(({ metric }) => metric.name)).toEqual(["calm: p50"]);
  const [first, second] = outcome.found.sessions;
  expect(second!.pairs).toBe(12);
  const inSecond = ran.slice(first!.pairs * 4);
  expect(inSecond.length).toBe(24);
  expect(inSecond.every(({ name }) => name === "calm")).toBe(true);
  // Other keys and values than in the first.
  const seeds = new Set(ran.slice(0, first!.pairs * 4).map(({ seed }) => seed));
  expect(inSecond.some(({ seed }) => seeds.has(seed))).toBe(false);
});

test("gate: a violation ends it after the pair, however fast the head is", async () => {
  const fail = { name: "linearizable", verdict: "fail", detail: "stale", evidence: [] } as const;
  const { outcome, ran } = await gateOver((run, name) =>
    name === "calm" ? { ...slower(run, "calm: p50", 0.5), checks: [fail] } : run,
  );
  expect(outcome.found.verdict).toBe("violated");
  expect(ran.length).toBe(4);
  expect(outcome.found.summary).toContain("calm: stale");
});

test("gate: a generator that is the bottleneck again makes it void, and names the case", async () => {
  const { outcome, ran } = await gateOver((run, name) =>
    name === "busy" ? { ...run, void: "it was late" } : run,
  );
  expect(outcome.found.verdict).toBe("void");
  expect(outcome.found.summary).toContain("busy: it was late");
  expect(ran.length).toBe(4 + 1);
});

test("gate: a run that is void once is run again, one that is wrong as well is not", async () => {
  let stalls = 1;
  const { outcome } = await gateOver((run) => (stalls-- > 0 ? { ...run, void: "a stall" } : run));
  expect(["pass", "inconclusive"]).toContain(outcome.found.verdict);
  const { outcome: wrong, ran } = await gateOver((run) => ({ ...run, void: "a stall", errors: 3 }));
  expect(wrong.found.verdict).toBe("violated");
  expect(ran.length).toBe(4);
});

test("gate: canaries that differ between the arms prove nothing", async () => {
  const { outcome } = await gateOver((run) => ({
    ...slower(run, "calm: p50", 1.5),
    canaries: { ...run.canaries, fsync: 150 },
  }));
  expect(outcome.found.verdict).toBe("unproven");
});

test("curves: of each case and arm the median over the runs, as far as half of them reach", async () => {
  const { outcome } = await gateOver((run) => ({
    ...run,
    curve: [
      [0.5, 4_000],
      [1, 5_000],
    ],
  }));
  expect(
    curvesOf("head", outcome.runs)
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...NAMES].sort());
  expect(curvesOf("head", outcome.runs)[0]!.curve).toEqual([
    [0.5, 4_000],
    [1, 5_000],
  ]);
  const [run] = outcome.runs.filter(({ arm }) => arm === "base");
  const longer = { ...run!, curves: { busy: [...run!.curves["busy"]!, [0.9, 1_500] as const] } };
  const [curve] = curvesOf("base", [run!, run!, longer]);
  expect(curve!.curve.map(([q]) => q)).toEqual([0.5, 1]);
});
