import { expect, test } from "bun:test";
import { UserError } from "../lib/user-error.ts";
import { describeFault } from "./describe.ts";
import {
  all,
  at,
  bandwidth,
  clog,
  defineScenario,
  delayMessages,
  dropMessages,
  duplicateMessages,
  during,
  faultHit,
  halfOpen,
  leader,
  longTail,
  mixedLoad,
  node,
  one,
  randomSplit,
  reset,
  unclog,
} from "./dsl.ts";
import { type Step, liftsOf } from "./scenario.ts";

const problemsOf = (...faults: readonly Step[]): string => {
  try {
    defineScenario({
      ...{ name: "x", about: "x", durationMs: 10_000, faults, recoverWithinMs: 1_000 },
      ...{ cluster: { nodes: 3, storage: "disk" }, workload: mixedLoad() },
      ...{
        expect: ["linearizable"],
        aim: [faultHit(faults[0]?.kind === "at" ? faults[0].fault.kind : "reset")],
      },
    });
    return "";
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.problems.map(({ where, what }) => `${where}: ${what}`).join("\n");
  }
};

test("link words: each fault says in a few words what it does", () => {
  const faults = [
    ...[bandwidth(one, 64 << 10), reset(all), halfOpen(leader), clog(node(2)), unclog(all)],
    ...[
      longTail(all, 0.02, 200),
      randomSplit,
      dropMessages(leader, "installSnapshot", { first: 3 }),
    ],
    ...[duplicateMessages(all, "voteResponse")],
    delayMessages(all, "appendResponse", 700, { term: "older" }),
  ];
  expect(faults.map(describeFault)).toEqual([
    "links of a random node carry 64 KiB/s",
    "reset the connections of all nodes",
    "leave the connections of leader half open",
    "clog the links of node 2",
    "unclog the links of all nodes",
    "delay frames of all nodes by 0 ± 1 ms, 2 % of them by up to 200 ms more",
    "partition two random sides",
    "drop the first 3 installSnapshot from leader",
    "duplicate voteResponse from all nodes",
    "delay appendResponse of older terms from all nodes by 700 ms",
  ]);
});

test("link words: a clog is lifted by unclog, which heals nothing else; a reset has no lift", () => {
  expect(liftsOf(clog(one))).toEqual([unclog(all)]);
  expect(liftsOf(halfOpen(one))).toEqual([{ kind: "heal" }]);
  expect(liftsOf(dropMessages(all, "heartbeat"))).toEqual([{ kind: "heal" }]);
  expect(liftsOf(reset(one))).toEqual([]);
});

test("link words: nonsense is refused with its place", () => {
  expect(problemsOf(during(0, 1_000, reset(all)))).toContain('"reset" is over at once');
  expect(problemsOf(at(0, bandwidth(all, 0)))).toContain("bytesPerSecond is 0");
  expect(problemsOf(at(0, longTail(all, 2, 0)))).toContain("tail.ratio is 2");
  expect(problemsOf(at(0, longTail(all, 2, 0)))).toContain("tail.ms is 0");
  expect(problemsOf(at(0, dropMessages(node(9), "heartbeat", { first: 0 })))).toBe(
    "faults[0] (message): names node 9, but the cluster has nodes 1 to 3\n" +
      "faults[0] (message): first is 0",
  );
  expect(problemsOf(at(0, delayMessages(all, "heartbeat", -1)))).toContain("delayMs is -1");
  expect(problemsOf(at(0, dropMessages(all, "heartbeat")))).toBe("");
});
