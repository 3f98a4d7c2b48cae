import { expect, test } from "bun:test";
import type { FaultBand } from "../report/schema.ts";
import { evaluateAim, type Happened } from "./aims.ts";
import {
  configChanged,
  faultHit,
  leaderDeposed,
  okDuring,
  readsByLease,
  shardsMoved,
  slowedTo,
  refused,
  tornTail,
} from "./dsl.ts";
import { tickAt } from "./testing/ticks.ts";

const band = (kind: string, fromUs: number, toUs: number): FaultBand => ({
  ...{ label: kind, kind, nodes: [1], fromUs, toUs },
});

const happened: Happened = {
  bands: [band("crash", 1_000_000, 2_000_000), band("delay", 2_000_000, 2_200_000)],
  events: [
    { atUs: 500_000, node: 1, kind: "becameLeader", term: 1 },
    { atUs: 1_300_000, node: 2, kind: "becameLeader", term: 2 },
    { atUs: 1_400_000, node: 1, kind: "started", term: 1 },
  ],
  starts: [],
  ticks: [
    tickAt(1_000_000, 50, 1_000), // Before the crash: its middle is at 950 ms.
    tickAt(1_100_000, 3, 1_000),
    tickAt(2_000_000, 4, 1_000),
    tickAt(2_100_000, 10, 20_000),
    tickAt(2_200_000, 30, 40_000),
  ],
};

test("evaluateAim: reads by lease are what nodes tell of, and nothing where they do not", () => {
  const aim = readsByLease(5);
  expect(evaluateAim(aim, { ...happened, readsByLease: 5 }).detail).toBe("5 reads by lease");
  expect(evaluateAim(aim, happened).reached).toBe(false);
});

test("evaluateAim: elections count from the first fault on", () => {
  expect(evaluateAim(leaderDeposed(1), happened)).toEqual({
    reached: true,
    detail: "leader deposed 1×",
  });
  expect(evaluateAim(leaderDeposed(2), happened)).toEqual({
    reached: false,
    detail: "leader deposed 1×, but the scenario is void below 2",
  });
  expect(evaluateAim(leaderDeposed(1), { ...happened, bands: [] }).reached).toBe(false);
});

test("evaluateAim: configs count from the one that was there, shards when they go from group to group", () => {
  const config = (num: number, ...shards: number[]) => ({ num, shards, groups: [] });
  const configs = [config(4, 2, 2, 0), config(5, 2, 3, 3), config(6, 2, 3, 0), config(7, 3, 2, 2)];
  const sharded = { ...happened, configs };
  expect(evaluateAim(configChanged(3), sharded).detail).toBe("config changed 3×");
  expect(evaluateAim(shardsMoved(3), sharded).detail).toBe("3 shards changed their group");
  expect(evaluateAim(configChanged(1), happened).reached).toBe(false);
  const groupEvents = [
    { atUs: 1_500_000, node: 3, kind: "becameLeader", term: 9, group: 2 },
  ] as const;
  expect(evaluateAim(leaderDeposed(2), { ...happened, groupEvents }).reached).toBe(true);
});

test("evaluateAim: only operations under that kind of fault count", () => {
  expect(evaluateAim(okDuring("crash", 7), happened).reached).toBe(true);
  expect(evaluateAim(okDuring("crash", 8), happened).reached).toBe(false);
  expect(evaluateAim(faultHit("crash", 1), happened).reached).toBe(true);
  expect(evaluateAim(faultHit("pause", 1), happened).reached).toBe(false);
});

test("evaluateAim: the mean response time is weighed by operations", () => {
  expect(evaluateAim(slowedTo("delay", 35), happened).reached).toBe(true);
  expect(evaluateAim(slowedTo("delay", 36), happened).reached).toBe(false);
  expect(evaluateAim(slowedTo("loss", 1), happened).reached).toBe(false);
});

test("evaluateAim: torn records and refused data are counted node by node", () => {
  const started = { atUs: 1, node: 1, kind: "started", term: 1 } as const;
  const start = { node: 1, atUs: 1, doneUs: 2 } as const;
  const found: Happened = {
    ...happened,
    events: [started, { ...started, tornBytes: 300 }, { ...started, node: 2, tornBytes: 9 }],
    starts: [
      { ...start, outcome: "ready" },
      { ...start, outcome: "diskFailed" },
      { ...start, outcome: "refused" },
    ],
  };
  expect(evaluateAim(tornTail(2), found)).toEqual({
    reached: true,
    detail: "2× a torn record was cut",
  });
  expect(evaluateAim(refused(1), found)).toEqual({
    reached: true,
    detail: "damaged data refused 1×",
  });
  expect(evaluateAim(refused(2), found).reached).toBe(false);
});
