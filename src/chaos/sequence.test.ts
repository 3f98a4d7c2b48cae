import { expect, test } from "bun:test";
import type { NodeStatus } from "../target/target.ts";
import { type Condition, Watch } from "./condition.ts";
import {
  at,
  caughtUp,
  commitIndexReaches,
  crash,
  defineScenario,
  every,
  hold,
  isolate,
  leader,
  leaderDeposed,
  leaderElected,
  leadersDeposed,
  mixedLoad,
  operationsAcknowledged,
  sequence,
  shardsSettled,
  until,
  wait,
} from "./dsl.ts";
import { playSequence } from "./play-sequence.ts";
import type { Scenario, Step } from "./scenario.ts";
import { printSchedule, scheduleOf } from "./schedule.ts";
import { scaledStages } from "./sequence.ts";
import { scenarioProblems } from "./validate.ts";

const scenario = (...faults: readonly Step[]): Scenario => ({
  ...{ name: "x", about: "x", durationMs: 10_000, faults, recoverWithinMs: 1_000 },
  ...{ cluster: { nodes: 3, storage: "disk" }, workload: mixedLoad() },
  ...{ expect: ["linearizable"], aim: [leaderDeposed()] },
});

test("shardsSettled: once every group has adopted the newest config and nothing moves", () => {
  const config = { num: 3, shards: [2], groups: [{ id: 2, nodes: [1] }] };
  const at = (num: number) => ({
    ...{ nodes: [], acknowledged: 0 },
    shards: {
      config,
      groups: [{ group: 2, leader: 1, report: { group: 2, num, shards: [], toDrop: [] } }],
    },
  });
  const watch = new Watch(shardsSettled, at(2));
  expect([watch.sees(at(2)), watch.sees({ ...at(3), shards: null }), watch.sees(at(3))]).toEqual([
    ...[false, false, true],
  ]);
});

const node = (changes: Partial<NodeStatus> = {}): NodeStatus => ({
  ...{ id: 1, pid: 1, role: "follower", term: 1, commitIndex: 10, appliedIndex: 10 },
  ...{ lastIndex: 10, peerPort: 1, clientPort: 1, httpPort: 1 },
  ...changes,
});

function comesTrue(condition: Condition, first: NodeStatus[], next: NodeStatus[], more = 0) {
  const watch = new Watch(condition, { nodes: first, acknowledged: 100 });
  return watch.sees({ nodes: next, acknowledged: 100 + more });
}

test("conditions: each comes true by what nodes and clients saw, and not before", () => {
  expect(comesTrue(commitIndexReaches(11), [], [node()])).toBe(false);
  expect(comesTrue(commitIndexReaches(10), [], [node()])).toBe(true);
  expect(comesTrue(leaderElected, [], [node()])).toBe(false);
  expect(comesTrue(leaderElected, [], [node({ role: "leader" })])).toBe(true);
  const old = [node({ role: "leader" })];
  expect(comesTrue(leadersDeposed(), old, old)).toBe(false);
  expect(comesTrue(leadersDeposed(), old, [node({ role: "leader", term: 3 })])).toBe(true);
  expect(comesTrue(leadersDeposed(), [], old)).toBe(false); // The first one deposes nobody.
  expect(comesTrue(operationsAcknowledged(5), [], [], 4)).toBe(false);
  expect(comesTrue(operationsAcknowledged(5), [], [], 5)).toBe(true);
});

test("conditions: all have caught up once every node with a log is up and has applied what was committed", () => {
  const ahead = node({ commitIndex: 20, appliedIndex: 20 });
  const spare = node({ lastIndex: 0, appliedIndex: 0 });
  expect(comesTrue(caughtUp, [ahead], [ahead, node()])).toBe(false);
  expect(comesTrue(caughtUp, [ahead], [ahead, node({ appliedIndex: 20 }), spare])).toBe(true);
  expect(comesTrue(caughtUp, [ahead], [ahead, node({ appliedIndex: 20, role: "down" })])).toBe(
    false,
  );
});

test("sequence: without a condition it is faults at fixed times; with one it waits for its run", () => {
  const fixed = scenario(sequence(1_000, crash(leader), wait(500), hold(200, isolate(leader))));
  const { actions, sequences } = scheduleOf(fixed, 1, 10_000);
  expect(actions.map(({ atMs, fault }) => [atMs, fault.kind])).toEqual([
    [1_000, "crash"],
    [1_500, "isolate"],
    [1_700, "heal"],
  ]);
  expect(sequences).toBeUndefined();
  const waiting = scenario(sequence(2_000, until(commitIndexReaches(500), 3_000), crash(leader)));
  expect(printSchedule(scheduleOf(waiting, 1, 5_000))).toEqual([
    "    1.000 s  until commitIndex reaches 250 (1500 ms at most)",
    "       then  crash leader",
  ]);
});

test("sequence: a shorter run waits for less work in less time, a longer one for the same in more", () => {
  const stages = [until(commitIndexReaches(1_000), 2_000), until(caughtUp, 300)];
  expect(scaledStages(stages, 1 / 3)).toMatchObject([
    { condition: { index: 334 }, limitMs: 2_000 / 3 },
    { condition: { kind: "caughtUp" }, limitMs: 100 },
  ]);
  expect(scaledStages(stages, 2)[0]).toMatchObject({ condition: { index: 1_000 }, limitMs: 4_000 });
});

test("sequence: what cannot come about is reported when the scenario is loaded", () => {
  const problems = (step: Step): string[] =>
    scenarioProblems(scenario(at(1_000, crash(leader)), step)).map(({ what }) => what);
  expect(problems(sequence(2_000, until(leaderElected, 9_000)))).toEqual([
    "may last until 11000 ms, but all ends at 10000 ms",
  ]);
  expect(problems(sequence(2_000, until(commitIndexReaches(0.5), 900)))).toEqual(["waits for 0.5"]);
  const round = { everyMs: 2_000, fromMs: 2_000, toMs: 6_000 };
  expect(problems(every(round, sequence(0, until(leaderElected, 500))))).toEqual([
    "repeats a sequence that waits for a condition",
  ]);
  expect(() => defineScenario(scenario(sequence(2_000)))).toThrow("does nothing");
});

test("playSequence: goes on when the condition holds; says what never came true, and leaves out the rest", async () => {
  const done: string[] = [];
  let looks = 0;
  const around = {
    ...{ startedUs: 0, signal: new AbortController().signal },
    apply: async ({ kind }: { readonly kind: string }) => void done.push(kind),
    observe: async () => ({ nodes: [node({ commitIndex: 10 * ++looks })], acknowledged: 0 }),
  };
  const stages = (index: number, limitMs: number) => [
    until(commitIndexReaches(index), limitMs),
    { kind: "do", fault: crash(leader) } as const,
  ];
  expect(await playSequence({ atMs: 0, stages: stages(30, 60_000) }, around)).toBeNull();
  expect(done).toEqual(["crash"]);
  expect(await playSequence({ atMs: 0, stages: stages(1e9, 1) }, around)).toBe(
    "commitIndex reaches 1,000,000,000: not within 1.00 ms",
  );
  expect(done).toEqual(["crash"]);
});
