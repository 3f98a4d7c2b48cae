import { expect, test } from "bun:test";
import type { Target } from "../target/target.ts";
import {
  crash,
  leader,
  loss,
  all,
  during,
  defineScenario,
  faultHit,
  leaderDeposed,
  mixedLoad,
  okDuring,
} from "./dsl.ts";
import { adaptedTo, whyImpossible } from "./possible.ts";
import type { Scenario } from "./scenario.ts";

const CAN: Target["can"] = {
  ...{ crash: true, pause: true, partition: true, delay: true, loss: true, connection: true },
  ...{
    disk: true,
    clock: true,
    memory: true,
    membership: true,
    orders: true,
    recording: true,
    failover: true,
  },
  ...{ "versioned-put": true, append: true, delete: true, scan: true, timers: true, sharded: true },
};

const target = (can: Partial<Target["can"]>, nodesMax?: number): Target => ({
  ...{ name: "odd", version: "1", can: { ...CAN, ...can } },
  ...(nodesMax !== undefined && { nodesMax }),
  start: () => Promise.reject(new Error("not started here")),
});

const scenario = (changes: Partial<Scenario> = {}): Scenario =>
  defineScenario({
    ...{ name: "some", about: "Some.", cluster: { nodes: 5, storage: "disk" } },
    ...{ workload: mixedLoad(), durationMs: 10_000, recoverWithinMs: 5_000 },
    faults: [during(2_000, 3_000, crash(leader)), during(4_000, 5_000, loss(all, 0.1))],
    expect: ["linearizable"],
    aim: [faultHit("crash", 1)],
    ...changes,
  });

test("whyImpossible: everything that is needed and missing is named, with the reason", () => {
  expect(whyImpossible(target({}), scenario())).toEqual([]);
  expect(
    whyImpossible(target({ loss: "bytes only", append: "no such thing" }), scenario()),
  ).toEqual(['odd cannot do "loss": bytes only', 'odd cannot do "append": no such thing']);
  const inMemory = scenario({
    cluster: { nodes: 5, storage: "memory" },
    faults: [during(2_000, 3_000, loss(all, 0.1))],
    aim: [faultHit("loss", 1)],
  });
  expect(whyImpossible(target({ memory: "never" }), inMemory)).toEqual([
    'odd cannot do "memory": never',
  ]);
});

test("whyImpossible: an aim that needs somebody to take over needs a failover", () => {
  const alone = target({ failover: "alone" });
  expect(whyImpossible(alone, scenario())).toEqual([]);
  for (const aim of [leaderDeposed(1), okDuring("crash", 10)]) {
    expect(whyImpossible(alone, scenario({ aim: [aim] }))).toEqual([
      'odd cannot do "failover": alone',
    ]);
  }
  expect(whyImpossible(alone, scenario({ aim: [okDuring("loss", 10)] }))).toEqual([]);
});

test("adaptedTo: a target without append gets puts instead, one with few nodes gets those", () => {
  const { workload, cluster } = adaptedTo(target({ append: "none" }, 1), scenario());
  expect(cluster.nodes).toBe(1);
  expect(workload.mix.append).toBe(0);
  expect(workload.mix.put).toBeCloseTo(0.45);
  expect(adaptedTo(target({}), scenario())).toEqual(scenario());
});
