import { Prng } from "../../lib/prng.ts";
import { type Comparison, COMPARISON_SCHEMA, type Side } from "../compare/comparison.ts";
import { canaryMetric, loadMetrics } from "../compare/metrics.ts";
import { comparisonOfReports } from "../compare/of-reports.ts";
import { nextStep, planGate } from "../compare/paired.ts";
import type { PairedRun, SessionRuns } from "../compare/runs.ts";
import type { Check } from "../schema.ts";
import { demoReport, loadFixture } from "./fixtures.ts";

const CASES = ["disk, 64 clients", "memory, 64 clients"] as const;
const CANARIES = ["CPU spin", "fsync"] as const;

const CHECKS: readonly Check[] = [
  { name: "linearizable", verdict: "pass", detail: "in all 24 runs", evidence: [] },
  { name: "no-lost-acks", verdict: "pass", detail: "in all 24 runs", evidence: [] },
];

/** What the arms of a made-up gate differ by: factors on the head, by the name of a metric or canary. */
export type Planted = {
  readonly seed?: number;
  readonly factors?: Readonly<Record<string, number>>;
  readonly noise?: number;
  readonly check?: Check;
  readonly void?: string;
};

/** A gate of two cases as it would have come out, by the code that decides real ones. */
export function gateFixture(planted: Planted = {}): Comparison {
  const metrics = CASES.flatMap((name) => loadMetrics(name));
  const canaries = CANARIES.map((name) => canaryMetric(name, "µs"));
  const plan = planGate(metrics, canaries);
  const prng = new Prng(planted.seed ?? 1);
  const sessions: { startedAt: string; pairs: SessionRuns["pairs"][number][] }[] = [];
  for (;;) {
    const step = nextStep(plan, sessions);
    if (step.kind === "done") return comparisonOf(step.found);
    const startedAt = `2025-11-21T0${2 + step.session}:44:10.000Z`;
    const session = (sessions[step.session] ??= { startedAt, pairs: [] });
    for (let i = 0; i < step.pairs; i++) {
      const base = runFixture(prng, planted, "base");
      session.pairs.push({ base, head: runFixture(prng, planted, "head") });
    }
  }
}

function runFixture(prng: Prng, planted: Planted, arm: "base" | "head"): PairedRun {
  const noisy = (name: string, value: number): number => {
    const spread = name.endsWith("p99.9") || name.endsWith("max") ? 0.5 : (planted.noise ?? 0.06);
    const normal = prng.float() + prng.float() + prng.float() - 1.5;
    const factor = arm === "head" ? (planted.factors?.[name] ?? 1) : 1;
    return value * factor * Math.exp(2 * spread * normal);
  };
  const centre = { throughput: 61_509, p50: 802, p99: 5040, "p99.9": 11_300, max: 48_000 };
  const metrics = CASES.flatMap((name, i) =>
    Object.entries(centre).map(([what, value]) => {
      const scale = i === 0 ? 1 : what === "throughput" ? 3.6 : 0.3;
      return [`${name}: ${what}`, noisy(`${name}: ${what}`, value * scale)] as const;
    }),
  );
  const failed = arm === "head" && planted.check !== undefined ? [planted.check] : [];
  return {
    metrics: Object.fromEntries(metrics),
    canaries: Object.fromEntries(CANARIES.map((name) => [name, noisy(name, 130)])),
    checks: [...CHECKS.filter(({ name }) => name !== failed[0]?.name), ...failed],
    errors: 0,
    void: arm === "head" ? (planted.void ?? null) : null,
  };
}

function comparisonOf(
  found: Pick<Comparison, "verdict" | "summary" | "checks" | "sessions" | "metrics">,
): Comparison {
  return {
    schema: COMPARISON_SCHEMA,
    runId: "20251121T024410000Z-1",
    mode: "paired",
    name: "put",
    startedAt: "2025-11-21T02:44:10.000Z",
    durationMs: 912_400,
    command: "ordeal gate --base main --head HEAD --suite put --seed 1",
    base: sideFixture("main", 1),
    head: sideFixture("HEAD", 1.18),
    differences: [],
    ...found,
  };
}

export function sideFixture(label: string, scale: number): Side {
  const { code, environment } = demoReport();
  return {
    label,
    code: {
      commit: label === "main" ? "1b6b41a8d9e0f1eda3ab0c1f77a9d0b6f1c2d3e4" : code.commit,
      dirty: label !== "main",
    },
    environment,
    about: "ordeal 0.1.0, 3 nodes, disk; binary protocol, one generator process",
    curves: CASES.map((name, i) => ({
      name,
      curve: loadFixture(612_000, scale * (i === 0 ? 1 : 0.3)).curve,
    })),
  };
}

/** Two reports of different machines, which are not compared: only what differs is told. */
export function incomparableFixture(): Comparison {
  const report = demoReport();
  const environment = { ...report.environment, cpu: "Intel Xeon", cores: 8 };
  const base = { label: "base/report.json", report };
  const head = { label: "head/report.json", report: { ...report, environment } };
  return comparisonOfReports(base, head, {
    runId: "20251121T034410000Z-42",
    startedAt: "2025-11-21T03:44:10.000Z",
    durationMs: 12,
    command: "ordeal compare base/report.json head/report.json",
    force: false,
  });
}

const WRONG: Check = {
  name: "linearizable",
  verdict: "fail",
  detail: "key k17: a read returned version 4 after another had returned version 5",
  evidence: [],
};

/** One of every verdict, for looking at all of them. */
export const comparisonFixtures = (): Readonly<Record<string, Comparison>> => ({
  regressed: gateFixture({
    factors: {
      "disk, 64 clients: p99": 1.35,
      "disk, 64 clients: p50": 1.24,
      "memory, 64 clients: throughput": 1.3,
    },
  }),
  pass: gateFixture({ noise: 0.03 }),
  inconclusive: gateFixture({ noise: 0.25, seed: 3 }),
  unproven: gateFixture({ factors: { "CPU spin": 1.4, fsync: 1.3 } }),
  violated: gateFixture({ check: WRONG }),
  void: gateFixture({ void: "the generator used 98 % of a core" }),
  incomparable: incomparableFixture(),
});
