import { expect, test } from "bun:test";
import { UserError } from "../lib/user-error.ts";
import { localTarget } from "../target/local.ts";
import { redisTarget } from "../target/redis/redis.ts";
import { actionFigures, scaled } from "./actions.ts";
import {
  defineFailoverSuite,
  defineLoadSuite,
  defineSweepSuite,
  type LoadCase,
  PUT_LOAD,
} from "./dsl.ts";
import { suiteFor, whySuiteImpossible } from "./for-target.ts";
import { readsCheck, readsOf } from "./reads.ts";
import { loadSuites } from "./suites.ts";

const CASE: LoadCase = {
  name: "case",
  cluster: { nodes: 3, storage: "disk" },
  load: { ...PUT_LOAD, clients: 4, connections: 2 },
};
const SUITE = { name: "suite", about: "nothing", warmupMs: 100, measureMs: 1_000, runs: 1 };
const load = (change: Partial<LoadCase>) =>
  defineLoadSuite({ ...SUITE, cases: [{ ...CASE, ...change }] });

test("suites: a case that cannot be run as it says is refused, with every problem", () => {
  expect(load({ preloadKeys: 100_000 }).kind).toBe("load");
  expect(() => load({ preloadKeys: 100_001 })).toThrow("100001 of 100000 keys");
  expect(() => load({ actions: [{ atMs: 1_000, act: "snapshot" }] })).toThrow(
    "within the measurement",
  );
  const backwards = [500, 400].map((atMs) => ({ atMs, act: "restart" }) as const);
  expect(() => load({ actions: backwards })).toThrow("not in order of time");
  const half = { ...CASE.load, mix: { ...PUT_LOAD.mix, put: 0.5, rmw: 0.25, scan: 0.25 } };
  expect(load({ load: half }).cases.length).toBe(1);
  const more = { ...half, mix: { ...half.mix, scan: 0.5 } };
  expect(() => load({ load: more })).toThrow("add up to 1.25");
  expect(() => defineLoadSuite({ ...SUITE, measureMs: 0, cases: [CASE] })).toThrow(UserError);
});

test("suites: sweeps and failovers are checked as well", () => {
  const plan = { sloP99Ms: 10, fromRate: 100, toRate: 1_000, stepsMax: 5, precision: 1.1 };
  const sweep = (change: object) => () =>
    defineSweepSuite({ ...SUITE, cases: [{ ...CASE, plan, ...change }] });
  expect(sweep({})().kind).toBe("sweep");
  expect(sweep({ plan: { ...plan, precision: 1 } })).toThrow("precision is 1");
  expect(sweep({ plan: { ...plan, toRate: 50 } })).toThrow("toRate is below fromRate");
  expect(sweep({ load: { ...CASE.load, rate: 100 } })).toThrow("a rate of its own");
  const failover =
    (change: object, kills = 3) =>
    () =>
      defineFailoverSuite({ name: "f", about: "", kills, cases: [{ ...CASE, ...change }] });
  expect(failover({})().kind).toBe("failover");
  expect(failover({ cluster: { nodes: 1, storage: "disk" } })).toThrow("no majority");
  expect(failover({ preloadKeys: 5 })).toThrow("have no part in it");
  expect(failover({}, 0)).toThrow("kills");
});

test("suites: what a target cannot do is left out with the reason, whatever asks for it", () => {
  const mix = (part: object) => ({
    load: { ...CASE.load, mix: { ...PUT_LOAD.mix, put: 0, ...part } },
  });
  const cases = [
    { ...CASE, name: "put" },
    { ...CASE, ...mix({ scan: 1 }), name: "scan" },
    { ...CASE, ...mix({ rmw: 1 }), name: "rmw" },
    { ...CASE, name: "lease", cluster: { ...CASE.cluster, leaseReads: true } },
    {
      ...CASE,
      name: "timers",
      cluster: { ...CASE.cluster, timers: { electionMs: 50, heartbeatMs: 10 } },
    },
    { ...CASE, name: "crash", actions: [{ atMs: 1, act: "crash leader" } as const] },
  ];
  const suite = defineLoadSuite({ ...SUITE, cases });
  const { suite: left, skipped } = suiteFor(redisTarget, suite);
  expect(left.cases.map(({ name, cluster }) => [name, cluster.nodes])).toEqual([
    ["put", 1],
    ["rmw", 1],
  ]);
  expect(skipped.map((why) => why.split(":")[0])).toEqual(["scan", "lease", "timers", "crash"]);
  expect(suiteFor(localTarget, suite).skipped).toEqual([]);
});

test("bench --all: every suite that comes with Ordeal can be run on its own store", async () => {
  const flags = { fsync: undefined, against: false };
  const suites = await loadSuites();
  for (const suite of suites) {
    expect(whySuiteImpossible([localTarget], suite, flags), suite.name).toBeNull();
  }
  const failover = suites.find(({ kind }) => kind === "failover")!;
  expect(whySuiteImpossible([redisTarget], failover, flags)).toContain("nobody to take over");
  const figures = suites.find(({ kind }) => kind === "figures")!;
  expect(whySuiteImpossible([redisTarget], figures, flags)).toBe("it measures parts of Ordeal");
  expect(whySuiteImpossible([localTarget], figures, { ...flags, fsync: "always" })).not.toBeNull();
});

test("reads: served otherwise than the case is about, they are told and void it", () => {
  const leaseCase = { ...CASE, cluster: { ...CASE.cluster, leaseReads: true } };
  const localCase = { ...CASE, load: { ...CASE.load, reads: "local" } as const };
  const reads = { byLease: 95, byRound: 5, local: 0 };
  expect(readsCheck(leaseCase, reads)).toMatchObject({
    verdict: "pass",
    detail: "95 of 100 reads were served by lease",
  });
  expect(readsCheck(CASE, reads)?.verdict).toBe("unknown");
  expect(readsCheck(localCase, reads)?.verdict).toBe("unknown");
  expect(readsCheck(localCase, { byLease: 0, byRound: 0, local: 7 })?.verdict).toBe("pass");
  expect(readsCheck(CASE, { byLease: 0, byRound: 0, local: 0 })).toBeNull();
  const status = { id: 1 } as Parameters<typeof readsOf>[0][number];
  expect(readsOf([status])).toBeNull();
  expect(
    readsOf([
      { ...status, reads },
      { ...status, reads },
    ])?.byLease,
  ).toBe(190);
});

test("actions: the longest gap counts within the measurement, throughput before and after", () => {
  const counts = [9, 0, 10, 10, 0, 0, 0, 5, 5];
  const ticks = counts.map((ok, i) => ({
    ...{ atUs: (i + 1) * 100_000, intervalMs: 100, counts: { ok, fail: 0, info: 0 } },
  }));
  const [gap, ratio] = actionFigures("case", ticks, 200_000, 400_000);
  expect(gap).toMatchObject({ value: 300, unit: "ms" });
  expect(ratio).toMatchObject({ value: 0.2, note: "100/s before, 20/s after" });
  expect(actionFigures("case", ticks.slice(0, 4), 200_000, 900_000).length).toBe(1);
  expect(scaled([{ atMs: 2_000, act: "restart" }], 0.25)).toEqual([{ atMs: 500, act: "restart" }]);
});
