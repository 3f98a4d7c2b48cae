import { Prng } from "../../lib/prng.ts";
import type { ClusterEvent } from "../../target/target.ts";
import type { LatencySummary, LoadResult } from "../../workload/spec.ts";
import { type FaultBand, type Report, SCHEMA, type Timeline } from "../schema.ts";

/** 2025-11-21T02:44:10Z: fixtures know no clock. */
const START_US = 1_763_693_050_000_000;
const INTERVAL_MS = 100;

const band = (
  label: string,
  kind: string,
  nodes: number[],
  fromS: number,
  toS: number,
): FaultBand => ({
  label,
  kind,
  nodes,
  fromUs: START_US + fromS * 1e6,
  toUs: START_US + toS * 1e6,
});

const FAULTS: readonly FaultBand[] = [
  band("crash leader", "crash", [2], 3, 5.5),
  band("partition: leader in the minority", "partition", [4, 1], 7.5, 10.5),
  band("loss 10 %", "loss", [1, 2, 3, 4, 5], 11.8, 14.2),
  band("pause leader", "pause", [5], 15.5, 17.5),
];

const event = (
  atS: number,
  node: number,
  kind: ClusterEvent["kind"],
  term: number,
): ClusterEvent => ({
  atUs: START_US + atS * 1e6,
  node,
  kind,
  term,
});

const EVENTS: readonly ClusterEvent[] = [
  event(-1.2, 2, "becameLeader", 1),
  event(3.231, 4, "becameLeader", 2),
  event(5.6, 2, "started", 1),
  event(5.7, 2, "termChanged", 2),
  event(7.842, 5, "becameLeader", 3),
  event(8.6, 4, "steppedDown", 2),
  event(10.55, 4, "termChanged", 3),
  event(15.81, 3, "becameLeader", 4),
  event(17.53, 5, "steppedDown", 3),
];

/** When nothing can commit: from a fault on the leader to the first write of the next. */
const OUTAGES: readonly (readonly [fromS: number, toS: number])[] = [
  [3, 3.26],
  [7.5, 7.88],
  [15.5, 15.84],
];

/** A run of `rows` intervals of 100 ms, whose first 20 s have four faults and three failovers. */
export function timelineFixture(seed: number, rows: number): Timeline {
  const prng = new Prng(seed);
  const columns = { ok: [], fail: [], info: [], p50: [], p99: [] } as Record<
    string,
    (number | null)[]
  >;
  for (let row = 0; row < rows; row++) {
    const point = pointAt((row * INTERVAL_MS) / 1000, prng);
    for (const [name, value] of Object.entries(point)) columns[name]!.push(value);
  }
  const { ok, fail, info, p50, p99 } = columns as Record<string, number[]>;
  return {
    startUs: START_US,
    intervalMs: INTERVAL_MS,
    ok: ok!,
    fail: fail!,
    info: info!,
    p50: p50!,
    p99: p99!,
    faults: FAULTS,
    events: EVENTS,
  };
}

function pointAt(
  s: number,
  prng: Prng,
): Record<"ok" | "fail" | "info" | "p50" | "p99", number | null> {
  const noise = 0.93 + prng.float() * 0.14;
  const outage = OUTAGES.find(([from, to]) => s >= from && s < to);
  const [from, to] = outage ?? [0, 0];
  if (outage && s - from > 0.15 && to - s > 0.1)
    return { ok: 0, fail: prng.below(40), info: prng.below(3), p50: null, p99: null };
  const recovering = OUTAGES.some(([, end]) => s >= end - 0.1 && s < end + 0.2);
  const lossy = s >= 11.8 && s < 14.2;
  const share = outage ? 0.3 : recovering ? 0.6 : lossy ? 0.55 : 1;
  return {
    ok: Math.round(1850 * noise * share),
    fail: outage ? 60 + prng.below(60) : 0,
    info: outage ? 8 + prng.below(20) : lossy && prng.chance(0.25) ? 1 : 0,
    p50: Math.round(1400 * (2 - noise) * (lossy ? 1.6 : recovering ? 2.2 : 1)),
    p99: Math.round(6200 * (0.8 + prng.float() * 0.6) * (lossy ? 9 : recovering ? 50 : 1)),
  };
}

export const latencyFixture = (operations: number, scale: number): LatencySummary => ({
  count: operations,
  mean: 1720 * scale,
  p50: 1390 * scale,
  p90: 2950 * scale,
  p99: 8420 * scale,
  p999: 61_300 * scale,
  max: 412_000 * scale,
});

/** `scale` stretches every latency and divides the throughput. */
export function loadFixture(operations: number, scale: number): LoadResult {
  const share = (part: number): { counts: LoadResult["counts"]; service: LatencySummary } => ({
    counts: {
      ok: Math.round(operations * part),
      fail: Math.round(700 * part),
      info: Math.round(90 * part),
    },
    service: latencyFixture(Math.round(operations * part), scale * (1.4 - part)),
  });
  const curve: [number, number][] = [];
  for (let tail = 0; tail <= 5; tail += 0.05) {
    const us = scale * (520 + 870 * tail ** 1.4 + 900 * 10 ** (tail * 0.52));
    curve.push([Number((1 - 10 ** -tail).toFixed(8)), Math.round(us)]);
  }
  return {
    startedAtUs: START_US,
    measuredMs: 20_000,
    counts: { ok: operations, fail: 700, info: 90 },
    throughput: operations / 20,
    response: latencyFixture(operations, scale),
    service: latencyFixture(operations, scale * 0.9),
    byOp: {
      get: share(0.5),
      put: share(0.35),
      cas: share(0.1),
      append: share(0.04),
      delete: share(0.01),
    },
    curve,
    lateness: latencyFixture(operations, 0.02),
    dropped: 0,
    cpu: 0.62,
    void: null,
  };
}

const COMMON = {
  schema: SCHEMA,
  startedAt: "2025-11-21T02:44:10.000Z",
  durationMs: 24_310,
  seed: 42,
  target: { name: "ordeal", version: "0.1.0", nodes: 5, storage: "disk" },
  code: { commit: "eda3ab0c1f77a9d0b6f1c2d3e4f5a6b7c8d9e0f1", dirty: true },
  environment: {
    bun: "1.4.5",
    os: "linux x64",
    kernel: "6.8.0",
    cpu: "AMD EPYC 7R13 Processor",
    cores: 2,
    memoryBytes: 8_250_000_000,
  },
} as const;

/** 20 s, five nodes, four faults, three failovers; everything holds. */
export const demoReport = (rows = 200): Report => ({
  ...COMMON,
  runId: "20251121T024410000Z-42",
  kind: "demo",
  name: "demo",
  about:
    "Five nodes on disk under mixed load, while the leader is killed, the cluster is cut in two, links lose 10 % of their frames and a leader is paused.",
  command: "ordeal demo --seed 42",
  config: {
    cluster: { nodes: 5, storage: "disk" },
    workload: {
      clients: 32,
      keys: 200,
      mix: { get: 0.5, put: 0.35, cas: 0.1, append: 0.04, delete: 0.01 },
    },
    faults: FAULTS.map(({ kind, nodes }) => ({ kind, nodes })),
  },
  verdict: "pass",
  checks: [
    {
      name: "linearizable",
      verdict: "pass",
      detail: "342,117 operations on 200 keys in 1.8 s",
      evidence: [],
    },
    {
      name: "no-lost-acks",
      verdict: "pass",
      detail: "every acknowledged write is in the final state",
      evidence: [],
    },
    { name: "one-leader-per-term", verdict: "pass", detail: "4 terms, 4 leaders", evidence: [] },
    {
      name: "recovered",
      verdict: "pass",
      detail: "a write committed 212 ms after the last fault was lifted",
      evidence: [],
    },
  ],
  loads: [{ name: "mixed", result: loadFixture(342_117, 1) }],
  timeline: timelineFixture(42, rows),
  failovers: [
    {
      fault: "crash leader",
      oldLeader: 2,
      newLeader: 4,
      faultAtUs: FAULTS[0]!.fromUs,
      electedMs: 231,
      firstAckMs: 258.4,
    },
    {
      fault: "partition: leader in the minority",
      oldLeader: 4,
      newLeader: 5,
      faultAtUs: FAULTS[1]!.fromUs,
      electedMs: 342,
      firstAckMs: 380,
    },
    {
      fault: "pause leader",
      oldLeader: 5,
      newLeader: 3,
      faultAtUs: FAULTS[3]!.fromUs,
      electedMs: 310,
      firstAckMs: 339.5,
    },
  ],
  artifacts: {
    history: "history.bin",
    "log of node 1": "node-1.log",
    "log of node 2": "node-2.log",
  },
});

/** A stale read under a paused leader, with the operations that prove it, and an open question. */
export function failingReport(): Report {
  const at = START_US + 15.612e6;
  const stale = [
    { process: 3, text: "put k17 v81 → version 4", callUs: at, returnUs: at + 2100 },
    { process: 11, text: "put k17 v94 → version 5", callUs: at + 361_000, returnUs: at + 366_200 },
    { process: 9, text: "put k17 v99", callUs: at + 410_000, returnUs: null },
    { process: 7, text: "get k17 → v94 version 5", callUs: at + 520_400, returnUs: at + 522_000 },
    {
      process: 21,
      text: "get k17 → v81 version 4",
      callUs: at + 1_931_000,
      returnUs: at + 1_932_700,
    },
  ];
  const base = demoReport();
  return {
    ...base,
    runId: "20251121T024410000Z-7",
    kind: "chaos",
    name: "paused-leader",
    about: "A leader that wakes up after a pause must not answer reads from its old state.",
    command: "ordeal chaos run paused-leader --seed 7 --duration 20s",
    seed: 7,
    verdict: "fail",
    checks: [
      {
        name: "linearizable",
        verdict: "fail",
        detail: "key k17: a read returned version 4 after another had returned version 5",
        evidence: stale,
      },
      {
        name: "no-lost-acks",
        verdict: "unknown",
        detail: "the history was cut at 1,000,000 operations",
        evidence: [],
      },
      ...base.checks.slice(2),
    ],
    failovers: [
      ...base.failovers.slice(0, 2),
      { ...base.failovers[2]!, newLeader: null, electedMs: null, firstAckMs: null },
    ],
  };
}

/** Three client counts on disk and in memory. */
export const benchReport = (): Report => ({
  ...COMMON,
  target: { ...COMMON.target, nodes: 3 },
  runId: "20251121T024410000Z-1",
  kind: "bench",
  name: "put",
  about: "Puts of 64 bytes to three nodes in a closed loop, synced to disk and in memory.",
  command: "ordeal bench run put --seed 1",
  seed: 1,
  config: { suite: "put", clients: [1, 64, 256], storage: ["disk", "memory"] },
  verdict: "pass",
  checks: [],
  loads: [
    { name: "disk, 1 client", result: loadFixture(14_200, 0.5) },
    { name: "disk, 64 clients", result: loadFixture(612_000, 1.2) },
    { name: "disk, 256 clients", result: loadFixture(744_000, 3.4) },
    { name: "memory, 1 client", result: loadFixture(88_000, 0.15) },
    { name: "memory, 64 clients", result: loadFixture(1_430_000, 0.5) },
    {
      name: "memory, 256 clients",
      result: { ...loadFixture(1_610_000, 1.6), void: "the generator used 98 % of a core" },
    },
  ],
  timeline: null,
  failovers: [],
  artifacts: {},
});
