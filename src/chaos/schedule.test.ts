import { expect, test } from "bun:test";
import {
  at,
  crash,
  defineScenario,
  during,
  every,
  isolate,
  leader,
  leaderDeposed,
  mixedLoad,
  pause,
  randomly,
  rolling,
  swizzleClog,
} from "./dsl.ts";
import type { Scenario, Step } from "./scenario.ts";
import { printSchedule, scheduleOf } from "./schedule.ts";

const scenario = (...faults: readonly Step[]): Scenario =>
  defineScenario({
    ...{ name: "x", about: "x", durationMs: 10_000, faults, recoverWithinMs: 1_000 },
    ...{ cluster: { nodes: 3, storage: "disk" }, workload: mixedLoad() },
    ...{ expect: ["linearizable"], aim: [leaderDeposed()] },
  });

const random = scenario(
  randomly(
    { everyMs: 2_000, fromMs: 1_000, toMs: 9_000 },
    [during(0, 500, crash(leader))],
    [during(0, 500, pause(leader))],
    [during(0, 500, isolate(leader))],
  ),
);

test("scheduleOf: the same seed gives the same schedule, another seed another", () => {
  expect(scheduleOf(random, 7, 10_000)).toEqual(scheduleOf(random, 7, 10_000));
  expect(scheduleOf(random, 7, 10_000)).not.toEqual(scheduleOf(random, 8, 10_000));
});

test("scheduleOf: windows, rounds and turns become single faults in order of time", () => {
  const all = scenario(
    every({ everyMs: 3_000, fromMs: 1_000, toMs: 9_000 }, during(0, 1_000, crash(leader))),
    rolling(3_000, 9_000, "pause"),
    at(2_000, isolate(leader, "in")),
  );
  expect(printSchedule(scheduleOf(all, 1, 10_000)).join("\n")).toMatchInlineSnapshot(`
    "    1.000 s  crash leader
        2.000 s  restart all nodes
        2.000 s  isolate leader: hears nothing
        3.000 s  pause node 1
        4.000 s  crash leader
        4.200 s  resume node 1
        5.000 s  restart all nodes
        5.000 s  pause node 2
        6.200 s  resume node 2
        7.000 s  pause node 3
        8.200 s  resume node 3"
  `);
});

test("scheduleOf: a shorter run squeezes the timeline", () => {
  const { actions, durationMs } = scheduleOf(
    scenario(during(2_000, 5_000, crash(leader))),
    1,
    5_000,
  );
  expect(durationMs).toBe(5_000);
  expect(actions.map(({ atMs }) => atMs)).toEqual([1_000, 2_500]);
});

test("scheduleOf: a longer run repeats the timeline, all lifted in between, with other draws", () => {
  const { actions } = scheduleOf(random, 7, 45_000); // 4 times 11.25 s.
  const starts = actions.filter(({ fault }) => fault.kind === "heal").map(({ atMs }) => atMs);
  expect(starts).toEqual(expect.arrayContaining([11_250, 22_500, 33_750]));
  const cycles = [0, 1, 2, 3].map((n) =>
    actions
      .filter(({ atMs }) => atMs > n * 11_250 && atMs < (n + 1) * 11_250)
      .map(({ atMs, fault }) => `${atMs - n * 11_250} ${fault.kind}`)
      .join(),
  );
  expect(new Set(cycles).size).toBe(4);
  expect(actions).toEqual(actions.toSorted((a, b) => a.atMs - b.atMs));
});

test("scheduleOf: a random round starts at most a quarter late and ends in its own time", () => {
  for (let seed = 0; seed < 50; seed++) {
    const { actions } = scheduleOf(random, seed, 10_000);
    for (const [i, { atMs }] of actions.entries()) {
      const roundMs = 1_000 + Math.floor(i / 2) * 2_000;
      expect(atMs, `seed ${seed}`).toBeGreaterThanOrEqual(roundMs);
      expect(atMs, `seed ${seed}`).toBeLessThanOrEqual(roundMs + 1_000);
    }
  }
});

test("scheduleOf: swizzle-clog clogs some nodes one by one and unclogs the same, in other orders", () => {
  const swizzle = scenario(swizzleClog(1_000, 6_000));
  const orders = new Set<string>();
  for (let seed = 1; seed <= 50; seed++) {
    const { actions } = scheduleOf(swizzle, seed, 10_000);
    const idsOf = (kind: string): string[] =>
      actions
        .filter(({ fault }) => fault.kind === kind)
        .map(({ fault }) => JSON.stringify("nodes" in fault ? fault.nodes : null));
    const [clogs, unclogs] = [idsOf("clog"), idsOf("unclog")];
    expect(clogs.length).toBeGreaterThanOrEqual(2);
    expect(new Set(clogs).size).toBe(clogs.length);
    expect(unclogs.toSorted()).toEqual(clogs.toSorted());
    expect(actions.slice(0, clogs.length).every(({ fault }) => fault.kind === "clog")).toBe(true);
    expect(actions[0]!.atMs).toBe(1_000);
    expect(actions.at(-1)!.atMs).toBe(6_000);
    orders.add(`${clogs.join()} ${unclogs.join()}`);
  }
  expect(orders.size).toBeGreaterThan(10);
});
