import { expect, test } from "bun:test";
import { crash, defineScenario, during, faultHit, leader, mixedLoad } from "./dsl.ts";
import { changesAsFlags, checkDuration, durationAsFlag, withChanges } from "./options.ts";

const scenario = defineScenario({
  ...{ name: "x", about: "x", durationMs: 1_000, recoverWithinMs: 10 },
  faults: [during(300, 600, crash(leader))],
  ...{ cluster: { nodes: 3, storage: "disk" }, workload: mixedLoad({ rate: 500 }) },
  ...{ expect: ["linearizable"], aim: [faultHit("crash", 1)] },
});

test("withChanges: only what was asked for changes, and rate 0 is a closed loop", () => {
  expect(withChanges(scenario, {})).toEqual(scenario);
  const changed = withChanges(scenario, { nodes: 5, clients: 4, rate: 0 });
  expect(changed.cluster.nodes).toBe(5);
  expect([changed.workload.clients, changed.workload.connections]).toEqual([4, 4]);
  expect(changed.workload.rate).toBeNull();
  expect(() => withChanges(scenario, { nodes: 100 })).toThrow("use 1 to 9");
});

test("withChanges: nodes that faults name exist however many begin: spares make up for it", () => {
  const cluster = { ...scenario.cluster, spares: 5 };
  const sizes = [3, 5, 7, 9].map(
    (nodes) => withChanges({ ...scenario, cluster }, { nodes }).cluster,
  );
  expect(sizes.map(({ nodes, spares }) => [nodes, spares])).toEqual([
    [3, 5],
    [5, 3],
    [7, 1],
    [9, 0],
  ]);
});

test("changesAsFlags: says the changes as the command line does", () => {
  expect(changesAsFlags({ clients: 9, nodes: 3 })).toBe(" --nodes 3 --clients 9");
  expect(changesAsFlags({ rate: 0, clients: undefined })).toBe(" --rate 0");
});

test("durations: whole seconds are short, and less than one second is refused", () => {
  expect([durationAsFlag(10_000), durationAsFlag(1_500)]).toEqual(["10s", "1500ms"]);
  expect(checkDuration(1_000)).toBe(1_000);
  expect(() => checkDuration(999)).toThrow("give 1s or more");
});
