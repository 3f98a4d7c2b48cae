import { expect, test } from "bun:test";
import type { Fault } from "../fault/vocabulary.ts";
import { describeFault } from "./describe.ts";
import {
  all,
  at,
  clockJump,
  clockRate,
  clockStrobe,
  crash,
  during,
  faultHit,
  heal,
  leader,
  mixedLoad,
  node,
  restart,
  snapshot,
  transfer,
  wipe,
} from "./dsl.ts";
import { FaultLog } from "./fault-log.ts";
import type { Scenario, Step } from "./scenario.ts";
import { scheduleOf } from "./schedule.ts";
import { scenarioProblems } from "./validate.ts";

const scenario = (storage: "disk" | "memory", ...faults: readonly Step[]): Scenario => ({
  ...{ name: "x", about: "x", cluster: { nodes: 3, storage }, workload: mixedLoad() },
  ...{ durationMs: 10_000, recoverWithinMs: 1_000, expect: ["linearizable"], faults },
  aim: [faultHit("crash")],
});

const problemsOf = (...faults: readonly Step[]): string[] =>
  scenarioProblems(scenario("disk", at(1, crash(leader)), ...faults)).map(
    ({ where, what }) => `${where}: ${what}`,
  );

test("faults of clocks: rates, jumps and jerks have bounds", () => {
  expect(problemsOf(at(1, clockJump(all, 1)), at(1, clockRate(all, 3)))).toEqual([]);
  expect(problemsOf(at(1, clockJump(all, -5)))).toEqual(["faults[1] (clockJump): ms is -5"]);
  expect(problemsOf(at(1, clockRate(all, 0)))).toEqual(["faults[1] (clockRate): rate is 0"]);
  expect(problemsOf(at(1, clockStrobe(all, 0)))).toEqual(["faults[1] (clockStrobe): everyMs is 0"]);
  expect(problemsOf(at(1, transfer(node(4))))).toEqual([
    "faults[1] (transfer): names node 4, but the cluster has nodes 1 to 3",
  ]);
});

test("faults of clocks: rates and jerks fill a window and end by heal; what is over at once has none", () => {
  expect(problemsOf(during(1, 2, clockRate(all, 2)), during(3, 4, clockStrobe(all, 9)))).toEqual(
    [],
  );
  const { actions } = scheduleOf(scenario("disk", during(1, 2, clockRate(all, 2))), 1, 10_000);
  expect(actions.map(({ fault }) => fault.kind)).toEqual(["clockRate", "heal"]);
  for (const fault of [clockJump(all, 1), transfer(all), snapshot(all)]) {
    expect(problemsOf(during(1, 2, fault))).toEqual([
      `faults[1] (${fault.kind}): "${fault.kind}" is over at once`,
    ]);
  }
});

test("wipe: needs a disk, and nodes that are down", () => {
  expect(problemsOf(at(2, wipe(all)))).toEqual([]);
  const alone = scenarioProblems(scenario("disk", at(2, wipe(all))));
  expect(alone.map(({ what }) => what)).toContain(
    `"wipe" without a crash: it takes the data of nodes that are down`,
  );
  const inMemory = scenarioProblems(scenario("memory", at(1, crash(leader)), at(2, wipe(all))));
  expect(inMemory.map(({ what }) => what)).toContain(
    `"memory" with a "wipe" fault: there is no disk to lose`,
  );
});

test("FaultLog: clocks go wrong until heal, a lost disk is lost until the restart, the rest is over at once", () => {
  const log = new FaultLog();
  log.record(clockRate(leader, 2), [1], 1, 2);
  log.record(clockStrobe(leader, 5), [1], 3, 4);
  log.record(clockJump(leader, 5), [1], 5, 6);
  log.record(transfer(all), [2], 7, 8);
  log.record(snapshot(all), [1, 2], 9, 10);
  log.record(wipe(all), [3], 11, 12);
  log.record(heal, [], 20, 21);
  log.record(restart(all), [3], 30, 31);
  expect(log.current(40)).toEqual([]);
  expect(log.bands().map(({ kind, toUs }) => [kind, toUs])).toEqual([
    ["clockRate", 21],
    ["clockStrobe", 21],
    ["clockJump", 6],
    ["transfer", 8],
    ["snapshot", 10],
    ["wipe", 31],
  ]);
});

test("describeFault: clocks, leaders, snapshots and disks in a few words", () => {
  const faults: readonly Fault[] = [
    clockJump(leader, 500),
    clockRate(all, 1.02),
    clockStrobe(leader, 40),
    transfer(node(2)),
    snapshot(all),
    wipe(node(3)),
  ];
  expect(faults.map(describeFault)).toEqual([
    "let the clock of leader jump ahead by 500 ms",
    "let the clock of all nodes run at 1.02 times its rate",
    "let the clock of leader stand still and jump every 40 ms",
    "hand the leadership to node 2",
    "all nodes: take a snapshot",
    "wipe the disk of node 3",
  ]);
});
