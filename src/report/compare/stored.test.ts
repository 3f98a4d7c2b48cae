import { expect, test } from "bun:test";
import type { LoadRun, Report } from "../schema.ts";
import { benchReport, loadFixture } from "../testing/fixtures.ts";
import { type Comparison, type ComparisonVerdict, exitCodeOf } from "./comparison.ts";
import { differences } from "./differences.ts";
import { compareStored } from "./stored.ts";
import { check } from "./testing/pairs.ts";

const single = (scale: number): Report => ({
  ...benchReport(),
  loads: [{ name: "disk", result: loadFixture(10_000, scale) }],
});

/** Runs whose throughput and latencies are `scale` times those of the fixture, and up to 2 % more. */
function several(count: number, scale: number): Report {
  const runs = Array.from({ length: count }, (_, i): LoadRun => {
    const { throughput, response } = loadFixture(10_000, scale * (1 + (0.02 * i) / count));
    return { throughput: throughput / scale, response };
  });
  const report = single(scale);
  return { ...report, loads: [{ ...report.loads[0]!, runs }] };
}

test("stored: a single run of each is shown, not judged", () => {
  const { verdict, metrics } = compareStored(single(1), single(1.5));
  expect(metrics.map((metric) => metric.verdict)).toEqual(Array(5).fill("shown"));
  const p50 = metrics.find(({ metric }) => metric.name === "disk: p50")!;
  expect(p50).toMatchObject({ base: 1390, head: 2085, low: null, p: 1 });
  expect(p50.estimate).toBeCloseTo(Math.log(1.5), 9);
  expect(verdict).toBe("inconclusive");
});

test("stored: several runs of each are told from chance", () => {
  const { verdict, metrics, summary, sessions } = compareStored(several(8, 1), several(8, 1.5));
  const verdicts = Object.fromEntries(metrics.map((m) => [m.metric.name, m.verdict]));
  expect(verdict).toBe("regressed");
  expect(verdicts).toMatchObject({ "disk: p50": "regressed", "disk: p99.9": "shown" });
  expect(summary).toContain("disk: p50 +50.0 %");
  expect(sessions).toEqual([]);
  expect(compareStored(several(8, 1), several(8, 1.01)).verdict).toBe("pass");
  // Two runs can never tell: 1 of 6 orders puts both of the head above both of the base.
  expect(compareStored(several(2, 1), several(2, 1.5)).verdict).toBe("inconclusive");
});

test("stored: figures are shown with the direction that their goal has", () => {
  const of = (value: number): Report => ({
    ...benchReport(),
    loads: [],
    figures: [
      { name: "share found", value, unit: "ratio", goal: { atLeast: 0.9 }, note: "" },
      { name: "append", value, unit: "µs", goal: null, note: "" },
      { name: "read", value, unit: "MiB/s", goal: null, note: "" },
    ],
  });
  const { metrics } = compareStored(of(1), of(2));
  expect(metrics.map(({ metric }) => metric.better)).toEqual(["higher", "lower", "higher"]);
  expect(metrics.map(({ estimate }) => Math.sign(estimate))).toEqual([-1, 1, -1]);
});

test("stored: reports of different machines are not compared, and every field that differs is told", () => {
  const base = single(1);
  const other = {
    ...base,
    environment: { ...base.environment, cpu: "Apple M4", cores: 10 },
    target: { ...base.target, nodes: 5, version: "0.2.0" },
    config: { suite: "put", clients: [1, 64], storage: ["disk", "memory"] },
  };
  const { verdict, differences: told } = compareStored(base, other);
  expect(verdict).toBe("incomparable");
  expect(told).toEqual([
    'cpu: "AMD EPYC 7R13 Processor" in the base, "Apple M4" in the head',
    "cores: 2 in the base, 10 in the head",
    "target.nodes: 3 in the base, 5 in the head",
    "config.clients[2]: 256 in the base, nothing in the head",
  ]);
});

test("stored: cases of a suite are matched by their names", () => {
  const suite = (clients: number, ...more: readonly string[]): Report => ({
    ...single(1),
    config: {
      about: more.join(", "),
      cases: [
        ...more.map((name) => ({ name, load: { clients: 1 } })),
        { name: "disk", load: { clients } },
      ],
    },
  });
  expect(differences(suite(64), suite(64))).toEqual([]);
  expect(differences(suite(64), suite(128))).toEqual([
    'config.cases["disk"].load.clients: 64 in the base, 128 in the head',
  ]);
  expect(differences(suite(64), suite(64, "memory"))).toEqual([
    'config.cases["memory"]: nothing in the base, present in the head',
  ]);
});

test("stored: reports that have nothing in common cannot be compared", () => {
  const { verdict, differences: told } = compareStored(single(1), { ...single(1), loads: [] });
  expect(verdict).toBe("incomparable");
  expect(told).toEqual(["metrics: none that both have"]);
});

test("stored: a wrong head is violated, a void or wrong base is no measure, missed goals are neither", () => {
  const base = single(1);
  const wrong = { ...base, checks: [check("linearizable", "fail", "k3")] };
  const { loads } = base;
  const bad = { ...base, loads: [{ ...loads[0]!, result: { ...loads[0]!.result, void: "hot" } }] };
  expect(compareStored(base, wrong).verdict).toBe("violated");
  expect(compareStored(wrong, base).verdict).toBe("unproven");
  expect(compareStored(bad, base)).toMatchObject({
    verdict: "void",
    summary: "the figures are void: base, disk: hot",
  });
  const missed = { ...base, checks: [check("goals", "fail", "2 of 3 met")] };
  expect(compareStored(base, missed).verdict).toBe("inconclusive");
});

test("stored: as advice a regression fails nothing; what is certain does", () => {
  const exit = (mode: Comparison["mode"], verdict: ComparisonVerdict, strict = false): number =>
    exitCodeOf({ mode, verdict } as Comparison, strict);
  expect(exit("stored", "regressed")).toBe(0);
  expect(exit("stored", "violated")).toBe(2);
  expect(exit("stored", "incomparable")).toBe(3);
  expect(exit("paired", "regressed")).toBe(1);
  expect(exit("paired", "inconclusive")).toBe(0);
  expect(exit("paired", "inconclusive", true)).toBe(4);
  expect(exit("paired", "unproven")).toBe(3);
});
