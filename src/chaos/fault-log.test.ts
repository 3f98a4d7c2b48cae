import { expect, test } from "bun:test";
import {
  all,
  bitFlip,
  clog,
  crash,
  diskError,
  diskFull,
  diskStall,
  halfOpen,
  heal,
  isolate,
  leader,
  loss,
  pause,
  powerLoss,
  reset,
  restart,
  resume,
  unclog,
} from "./dsl.ts";
import { FaultLog } from "./fault-log.ts";

test("FaultLog: a band reaches from before its fault to after its lift", () => {
  const log = new FaultLog();
  log.record(crash(leader), [3], 100, 110);
  expect(log.current(1_000)).toEqual([
    { label: "crash leader", kind: "crash", nodes: [3], fromUs: 100 },
  ]);
  log.record(restart(all), [3], 500, 600);
  expect(log.current(1_000)).toEqual([]);
  expect(log.bands()).toEqual([
    { label: "crash leader", kind: "crash", nodes: [3], fromUs: 100, toUs: 600 },
  ]);
});

test("FaultLog: heal ends link faults alone, recovery ends all", () => {
  const log = new FaultLog();
  log.record(loss(all, 0.1), [1, 2, 3], 1, 2);
  log.record(pause(leader), [1], 3, 4);
  log.record(isolate(leader), [2], 5, 6);
  log.record(heal, [], 7, 8);
  expect(log.current(1_000).map(({ kind }) => kind)).toEqual(["pause"]);
  log.recovered(9);
  expect(log.bands().map(({ kind, fromUs, toUs }) => [kind, fromUs, toUs])).toEqual([
    ["loss", 1, 8],
    ["pause", 3, 9],
    ["isolate", 5, 8],
  ]);
});

test("FaultLog: a lift of some nodes leaves the band of the others open", () => {
  const log = new FaultLog();
  log.record(pause(all), [1, 2], 1, 2);
  log.record(resume(leader), [2], 3, 4);
  expect(log.current(1_000).map(({ nodes }) => nodes)).toEqual([[1]]);
  expect(log.bands().map(({ nodes }) => nodes)).toEqual([[2]]);
});

test("FaultLog: a crash ends the pause of the node, and a fault that hit nobody is no band", () => {
  const log = new FaultLog();
  log.record(pause(leader), [1], 1, 2);
  log.record(crash(leader), [1], 3, 4);
  log.record(crash(leader), [], 5, 6);
  expect(log.current(1_000).map(({ kind }) => kind)).toEqual(["crash"]);
});

test("FaultLog: a stall ends by itself, or when it is healed, or when the power goes", () => {
  const ends = (end: (log: FaultLog) => void): unknown => {
    const log = new FaultLog();
    log.record(diskStall(leader, 1), [1], 100, 110);
    end(log);
    return log.bands().map(({ kind, fromUs, toUs }) => [kind, fromUs, toUs]);
  };
  expect(ends((log) => log.current(1_099))).toEqual([]);
  expect(ends((log) => log.current(1_200))).toEqual([["diskStall", 100, 1_100]]);
  expect(ends((log) => log.record(heal, [], 5_000, 5_010))).toEqual([["diskStall", 100, 1_100]]);
  expect(ends((log) => log.record(heal, [], 400, 500))).toEqual([["diskStall", 100, 500]]);
  expect(ends((log) => log.record(powerLoss(all), [1], 600, 700))).toEqual([
    ["diskStall", 100, 700],
  ]);
});

test("FaultLog: errors and fullness last until heal; what a node was down for, until its restart", () => {
  const log = new FaultLog();
  log.record(diskError(leader, "sync"), [1], 1, 2);
  log.record(diskFull(leader), [2], 3, 4);
  log.record(powerLoss(all, "torn"), [3], 5, 6);
  log.record(bitFlip(all, 8), [3], 7, 8);
  log.record(restart(all), [1, 3], 9, 10);
  expect(log.current(11).map(({ kind }) => kind)).toEqual(["diskError", "diskFull"]);
  log.record(heal, [], 12, 13);
  expect(log.bands().map(({ kind, toUs }) => [kind, toUs])).toEqual([
    ["diskError", 13],
    ["diskFull", 13],
    ["powerLoss", 10],
    ["bitFlip", 10],
  ]);
});

test("FaultLog: a reset is over at once, unclog ends clogs alone, heal the other connections", () => {
  const log = new FaultLog();
  log.record(reset(all), [1, 2], 1, 2);
  log.record(clog(all), [1, 2], 3, 4);
  log.record(halfOpen(leader), [2], 5, 6);
  log.record(unclog(all), [1], 7, 8);
  expect(log.current(9).map(({ kind, nodes }) => [kind, nodes])).toEqual([
    ["clog", [2]],
    ["halfOpen", [2]],
  ]);
  log.record(heal, [], 10, 11);
  expect(log.current(12)).toEqual([]);
  expect(log.bands().map(({ kind, fromUs, toUs }) => [kind, fromUs, toUs])).toEqual([
    ["reset", 1, 2],
    ["clog", 3, 8],
    ["clog", 3, 11],
    ["halfOpen", 5, 11],
  ]);
});
