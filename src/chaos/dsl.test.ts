import { expect, test } from "bun:test";
import { UserError } from "../lib/user-error.ts";
import {
  all,
  at,
  bitFlip,
  crash,
  defineScenario,
  diskError,
  diskFull,
  diskStall,
  during,
  every,
  faultHit,
  halves,
  heal,
  leader,
  leaderDeposed,
  loss,
  minority,
  mixedLoad,
  node,
  pause,
  powerLoss,
  randomly,
  refused,
  rolling,
  seconds,
  tornTail,
} from "./dsl.ts";
import type { Scenario } from "./scenario.ts";

const valid: Scenario = {
  name: "x",
  about: "x",
  cluster: { nodes: 3, storage: "disk" },
  workload: mixedLoad(),
  durationMs: seconds(10),
  faults: [at(seconds(2), crash(leader))],
  recoverWithinMs: seconds(3),
  expect: ["linearizable"],
  aim: [leaderDeposed()],
};

function problemsOf(changes: Partial<Scenario>): string[] {
  try {
    defineScenario({ ...valid, ...changes });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.problems.map(({ where, what }) => `${where}: ${what}`);
  }
  return [];
}

test("defineScenario: reports every mistake, where it is and how to fix it", () => {
  const bad: Scenario = {
    ...valid,
    cluster: { nodes: 3, storage: "memory" },
    faults: [at(seconds(2), loss(leader, 30)), at(seconds(12), crash(node(4)))],
    aim: [faultHit("pause")],
  };
  expect(() => defineScenario(bad)).toThrowErrorMatchingInlineSnapshot(`
    "scenario "x" is not valid
      cluster.storage: "memory" with a crash fault: a crashed node forgets its vote and its acknowledged log
        fix: use storage: "disk", or pause() instead of crash()
      faults[0] (loss): ratio is 30, but a ratio is above 0 and at most 1
        fix: write 0.3 for 30 percent
      faults[1] (crash): fires at 12000 ms, but it must be from 0 to before 10000 ms, when all ends
        fix: move it before 10000 ms, or make room after it
      faults[1] (crash): names node 4, but the cluster has nodes 1 to 3
        fix: name a node that exists, or raise cluster.nodes
      aim[0] (faultHit): waits for a "pause" fault, but the scenario has none
        fix: add the fault, or aim at one it has"
  `);
});

test("defineScenario: a sound scenario comes back unchanged", () => {
  expect(defineScenario(valid)).toBe(valid);
});

test("defineScenario: a scenario without an aim, or with one it cannot reach, is refused", () => {
  expect(problemsOf({ aim: [] })).toEqual([
    "aim: is empty: a run in which nothing happened would pass",
  ]);
  expect(problemsOf({ aim: [faultHit("partition")] })[0]).toContain(`waits for a "partition"`);
  expect(problemsOf({ aim: [faultHit("crash", 0)] })[0]).toContain("always true");
});

test("defineScenario: windows that would lift each other are refused", () => {
  const faults = [
    during(2_000, 5_000, crash(leader)),
    during(4_000, 6_000, crash(minority)),
    during(4_500, 5_500, pause(leader)),
  ];
  expect(problemsOf({ faults })).toEqual([
    `faults[1] (crash): overlaps faults[0], and the first to end lifts both by "restart"`,
  ]);
});

test("defineScenario: rounds must hold their steps, and end with the scenario", () => {
  const rounds = { everyMs: 1_000, fromMs: 2_000, toMs: 9_000 };
  const aimless = { aim: [faultHit("crash")] };
  const crashAt = (ms: number) => during(ms, ms + 100, crash(leader));
  expect(problemsOf({ ...aimless, faults: [every(rounds, crashAt(800))] })).toEqual([]);
  expect(problemsOf({ ...aimless, faults: [every(rounds, crashAt(950))] })[0]).toContain(
    "in a timeline of 1000 ms",
  );
  // A random round may start 250 ms late.
  expect(problemsOf({ ...aimless, faults: [randomly(rounds, [crashAt(800)])] })[0]).toContain(
    "750 ms",
  );
  expect(
    problemsOf({ ...aimless, faults: [every({ ...rounds, toMs: 11_000 }, crashAt(0))] }),
  ).toEqual(["faults[0] (every): lasts from 2000 to 11000 ms, in a timeline of 10000 ms"]);
});

test("defineScenario: a lift has no window, and small clusters no partition", () => {
  expect(problemsOf({ faults: [...valid.faults, during(3_000, 4_000, heal)] })[0]).toContain(
    "no end of its own",
  );
  const cluster = { nodes: 2, storage: "disk" } as const;
  const faults = [...valid.faults, at(3_000, halves("any")), at(4_000, pause(minority))];
  expect(problemsOf({ cluster, faults }).length).toBe(2);
});

test("defineScenario: names, loads, spans and expectations are checked", () => {
  expect(problemsOf({ name: "Not Kebab" })[0]).toStartWith("name:");
  expect(problemsOf({ about: " " })[0]).toStartWith("about:");
  expect(problemsOf({ durationMs: 10 }).length).toBeGreaterThan(0);
  expect(problemsOf({ recoverWithinMs: 0 })[0]).toStartWith("recoverWithinMs:");
  expect(problemsOf({ expect: [] })[0]).toStartWith("expect:");
  expect(problemsOf({ cluster: { nodes: 0, storage: "disk" } })[0]).toStartWith("cluster.nodes:");
  expect(problemsOf({ workload: mixedLoad({ clients: 0, connections: 1 }) }).length).toBe(2);
  expect(problemsOf({ workload: mixedLoad({ rate: -1 }) })[0]).toStartWith("workload.rate:");
  const mix = { get: 0.5, put: 0.6, cas: 0, append: 0, delete: 0 };
  expect(problemsOf({ workload: mixedLoad({ mix }) })).toEqual([
    "workload.mix: shares 0.5, 0.6, 0, 0, 0 add up to 1.1",
  ]);
  const faults = [{ ...rolling(2_000, 9_000, "crash"), share: 1 } as const];
  expect(problemsOf({ faults })).toEqual(["faults[0] (rolling crash): share is 1"]);
});

test("defineScenario: disk faults need a disk, a window or a moment, and what they act on", () => {
  const aim = [leaderDeposed()];
  const cluster = { nodes: 3, storage: "memory" } as const;
  const stall = at(1_000, diskStall(leader, 500));
  expect(problemsOf({ aim, cluster, faults: [stall] })).toEqual([
    `cluster.storage: "memory" with a "diskStall" fault: there is no disk to fail`,
  ]);
  expect(problemsOf({ aim, faults: [stall, during(2_000, 3_000, diskFull(leader))] })).toEqual([]);
  expect(problemsOf({ aim, faults: [during(1_000, 2_000, diskStall(leader, 500))] })).toEqual([
    `faults[0] (diskStall): "diskStall" ends by itself`,
  ]);
  expect(problemsOf({ aim, faults: [at(1_000, diskStall(leader, 60_000))] })).toEqual([
    "faults[0] (diskStall): ms is 60000",
  ]);
  const flip = at(3_000, bitFlip(all, 8));
  expect(problemsOf({ aim, faults: [flip] })).toEqual([
    `faults: "bitFlip" without a crash: it changes the files of nodes that are down`,
  ]);
  const bits = at(3_000, bitFlip(all, 0.5));
  expect(problemsOf({ aim, faults: [at(2_000, powerLoss(all)), bits] })).toEqual([
    "faults[1] (bitFlip): bits is 0.5",
  ]);
  expect(problemsOf({ readyWithinMs: 0 })).toEqual(["readyWithinMs: is 0"]);
  const both = [
    during(2_000, 5_000, crash(leader)),
    during(4_000, 6_000, diskError(leader, "sync")),
  ];
  expect(problemsOf({ aim, faults: both })).toEqual([
    `faults[1] (diskError): overlaps faults[0], and the first to end lifts both by "restart"`,
  ]);
});

test("defineScenario: an aim that only one kind of fault can bring about needs that fault", () => {
  expect(problemsOf({ aim: [tornTail()] })[0]).toContain(`waits for a "powerLoss" fault`);
  expect(problemsOf({ aim: [refused()] })[0]).toContain(`waits for a "bitFlip" fault`);
  expect(problemsOf({ aim: [tornTail()], faults: [at(1, powerLoss(all, "torn"))] })).toEqual([]);
});
