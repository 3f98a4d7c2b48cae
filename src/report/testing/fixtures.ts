import type { LatencySummary, LoadResult } from "../../workload/spec.ts";
import { type Report, SCHEMA } from "../schema.ts";
import { FAULTS, START_US, timelineFixture } from "./timeline.ts";

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
    story: storyFixture(),
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

/** Ordeal against etcd on six pairs: ahead, not told apart, and once with unequal durability. */
export function againstReport(): Report {
  const synced = "on disk, synced, on a majority of 3 nodes";
  const interval = (ratio: number, spread: number) => {
    const pairs = [-1, 0.7, 0.2, -0.4, 1, -0.1].map((x) => ratio * spread ** x);
    return { ratio, low: ratio / spread, high: ratio * spread, confidence: 0.97, pairs };
  };
  const arm = (throughput: number, p50Us: number, survives: string, how: string) => ({
    ...{ nodes: 3, throughput, p50Us, p99Us: p50Us * 6, notOk: 0, generatorCpu: 0.12 },
    durability: { survives, how },
  });
  const group = "fdatasync of the log for each batch of entries (group commit)";
  const wal = "etcd's own way: fdatasync of the WAL for each batch of entries";
  const names = ["disk, 1 client", "disk, 64 clients", "memory, 256 clients"];
  const base = benchReport();
  return {
    ...base,
    runId: "20251121T024410000Z-2",
    command: "ordeal bench run put --seed 1 --against etcd --pairs 6",
    loads: names.flatMap((name, i) => [
      { name: `${name}, ordeal`, result: loadFixture(600_000, 0.4 + i) },
      { name: `${name}, etcd`, result: loadFixture(60_000, 4 + i) },
    ]),
    against: {
      pairs: 6,
      arms: [
        { name: "ordeal", version: "0.1.0", client: "its own protocol over TCP" },
        {
          name: "etcd",
          version: "3.4.23",
          client: "gRPC over HTTP/2, one connection to each node",
        },
      ],
      cases: [
        {
          name: names[0]!,
          arms: [arm(3_200, 290, synced, group), arm(2_900, 310, synced, wal)],
          ratio: {
            throughput: interval(1.1, 1.25),
            p50: interval(0.94, 1.1),
            p99: interval(1.4, 1.2),
          },
        },
        {
          name: names[1]!,
          arms: [arm(61_500, 800, synced, group), { ...arm(6_350, 9_400, synced, wal), notOk: 12 }],
          ratio: {
            throughput: interval(9.69, 1.07),
            p50: interval(0.085, 1.1),
            p99: interval(0.11, 1.3),
          },
        },
        {
          name: names[2]!,
          arms: [
            arm(296_000, 690, "in memory only, on a majority of 3 nodes", "no log on disk"),
            arm(12_800, 19_000, synced, wal),
          ],
          ratio: {
            throughput: interval(23.1, 1.1),
            p50: { ratio: 0.036, low: null, high: null, confidence: 0, pairs: [0.036] },
            p99: { ratio: null, low: null, high: null, confidence: 0, pairs: [] },
          },
        },
      ],
      skipped: ['append, 64 clients: etcd cannot do "append": its API has no append'],
    },
  };
}

/** Four rows: a paused node wakes up, answers from its old state, and only then hears what it missed. */
function storyFixture(): NonNullable<Report["story"]> {
  const none = { fromLane: -1, states: ["up", "up", "up", "up"] } as const;
  const asleep = { ...none, states: ["paused", "up", "up", "up"] } as const;
  const at = (ms: number) => ({ atMs: ms, sentMs: ms });
  const append = "2→1 append term=2 prev=9@1 commit=12 [10-12@2]";
  return {
    ...{ title: "linearizable", about: "Milliseconds downwards.", leftOut: 3 },
    lanes: ["n1", "n2", "n3", "c21"],
    rows: [
      { ...asleep, ...at(17_540), kind: "client", lane: 3, text: "c21 asks get k17" },
      { ...none, ...at(17_542), kind: "fault", lane: 0, text: "pause leader: over for n1" },
      { ...none, ...at(17_544), kind: "client", lane: 3, text: "c21 is told get k17 → v81" },
      {
        ...none,
        atMs: 17_546,
        sentMs: 17_541,
        kind: "message",
        lane: 0,
        fromLane: 1,
        text: append,
      },
    ],
  };
}
