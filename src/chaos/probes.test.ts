import { expect, test } from "bun:test";
import type { FaultBand } from "../report/schema.ts";
import { growthOf, MemoryLog, type MemorySample } from "./memory.ts";
import { probesOf } from "./probes.ts";
import { sloChecks } from "./slo.ts";
import { get, historyOf, put } from "./testing/histories.ts";
import { tickAt } from "./testing/ticks.ts";

const band: FaultBand = {
  ...{ label: "crash leader", kind: "crash", nodes: [1] },
  ...{ fromUs: 2_000_000, toUs: 3_000_000 },
};
/** 100 operations a tick, none from 2.0 to 2.5 s. */
const ticks = Array.from({ length: 50 }, (_, i) =>
  tickAt((i + 1) * 100_000, i >= 20 && i < 25 ? 0 : 100, 100),
);
const seen = {
  ...{ ticks, bands: [band], untilUs: 5_000_000, firstAck: () => 2_520_000 },
  events: [
    { atUs: 2_200_000, node: 2, kind: "termChanged", term: 2 },
    { atUs: 2_250_000, node: 2, kind: "becameLeader", term: 2 },
  ] as const,
};

test("probes: service before, during and after, and how long each step took", () => {
  const { faults, unavailable } = probesOf(seen);
  const [fault] = faults;
  expect(fault?.before.throughput).toBe(1_000);
  expect(fault?.during.throughput).toBe(500);
  expect(fault?.after.throughput).toBe(1_000);
  expect([fault?.detectedMs, fault?.electedMs, fault?.firstAckMs]).toEqual([200, 250, 520]);
  expect(fault?.backAfterMs).toBe(1_000); // The first 500 ms without a gap end at 3.0 s.
  expect(unavailable).toEqual([{ fromUs: 2_000_000, toUs: 2_500_000 }]);
});

test("probes: a fault that nobody noticed took nothing from anybody", () => {
  const steady = Array.from({ length: 50 }, (_, i) => tickAt((i + 1) * 100_000, 100, 100));
  const { faults, unavailable } = probesOf({ ...seen, ticks: steady, events: [] });
  expect(faults[0]).toMatchObject({ detectedMs: null, electedMs: null, backAfterMs: 0 });
  expect(unavailable).toEqual([]);
});

const NO_LATENCY = { count: 0, mean: 0, p50: 0, p90: 0, p99: 80_000, p999: 0, max: 0 };
const measured = {
  history: historyOf([put(2_100, 1, 1), get(2_200, 1)]),
  ...{ bands: [band], probes: probesOf(seen), memory: [] as MemorySample[] },
  load: {
    ...{ startedAtUs: 0, measuredMs: 1_000, counts: { ok: 300, fail: 0, info: 0 } },
    ...{ throughput: 900, response: NO_LATENCY, service: NO_LATENCY, byOp: {}, curve: [] },
    ...{ lateness: NO_LATENCY, dropped: 0, cpu: 0, void: null },
  },
};

test("SLOs: each is a check that says what was measured against what was promised", () => {
  const of = (n: number) =>
    sloChecks(
      {
        ...{ unavailableAtMostMs: 499 + n, p99Ms: 79 + n, throughputAtLeast: 901 - n },
        p99DuringFaultMs: n === 0 ? 0.001 : 1_000,
      },
      measured,
    ).map(({ name, verdict }) => `${name} ${verdict}`);
  const names = ["p99-during-fault", "unavailable", "p99", "throughput"];
  expect(of(0)).toEqual(names.map((name) => `${name} fail`));
  expect(of(1)).toEqual(names.map((name) => `${name} pass`));
});

const grown = (share: number): MemorySample[] =>
  Array.from({ length: 100 }, (_, i) => ({
    ...{ atUs: i * 1e6, node: 1, rssBytes: 1e8 * (i < 50 ? 1 : 1 + share) },
  }));

test("memory-flat: compares the end with the time after the warm-up", () => {
  const verdict = (memory: readonly MemorySample[]) =>
    sloChecks({ memoryGrowthAtMost: 0.1 }, { ...measured, memory })[0]?.verdict;
  expect(growthOf(grown(0.2))).toEqual([{ node: 1, from: 1e8, to: 1.2e8 }]);
  expect(verdict(grown(0.05))).toBe("pass");
  expect(verdict(grown(0.2))).toBe("fail");
  expect(verdict([])).toBe("fail");
});

test("memory: a long run keeps few samples of all of its time", () => {
  const log = new MemoryLog();
  const status = {
    id: 1,
    pid: 1,
    role: "leader",
    term: 1,
    commitIndex: 1,
    appliedIndex: 1,
  } as const;
  const node = { ...status, lastIndex: 1, peerPort: 1, clientPort: 1, httpPort: 1, rssBytes: 1 };
  for (let s = 0; s < 100_000; s++) log.see([node], s * 1e6);
  expect(log.samples().length).toBeLessThanOrEqual(32_768);
  expect(log.samples().at(-1)!.atUs).toBeGreaterThan(99_990e6);
});
