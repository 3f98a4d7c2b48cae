import { expect, test } from "bun:test";
import {
  configChanged,
  crash,
  during,
  at,
  leaderDeposed,
  leaderOf,
  mixedLoad,
  reshard,
  voters,
} from "./dsl.ts";
import type { Scenario } from "./scenario.ts";
import { scenarioProblems } from "./validate.ts";
import { whyNotSharded } from "./validate-shards.ts";

const scenario = (changes: Partial<Scenario>): Scenario => ({
  ...{ name: "x", about: "x", durationMs: 10_000, recoverWithinMs: 1_000, workload: mixedLoad() },
  ...{ cluster: { nodes: 3, storage: "disk" }, faults: [at(2_000, reshard("move"))] },
  ...{ expect: ["linearizable"], aim: [configChanged()] },
  ...changes,
});
const sharded = (changes: object) => ({
  ...{ nodes: 3, storage: "disk" as const },
  sharded: { shards: 12, groups: 4, replicas: 3, ...changes },
});
const wrong = (changes: Partial<Scenario>): string[] =>
  scenarioProblems(scenario(changes)).map(({ where, what }) => `${where}: ${what}`);

test("sharded scenarios: sound ones are, whatever their numbers within limits", () => {
  expect(wrong({ cluster: sharded({ idleGroups: 2 }) })).toEqual([]);
});

test("sharded scenarios: what is about groups needs groups, aims too", () => {
  expect(wrong({})).toEqual([
    `faults: a "reshard" fault is about groups of shards, and there are none`,
  ]);
  const faults = [during(2_000, 3_000, crash(leaderOf(2)))];
  expect(wrong({ faults, aim: [leaderDeposed()] })[0]).toContain(`a "crash" fault is about groups`);
  const [problem] = wrong({ cluster: sharded({}), faults });
  expect(problem).toContain(`waits for a "reshard" fault`);
});

test("sharded scenarios: more replicas than nodes, no shards, no groups are told at once", () => {
  const problems = wrong({ cluster: sharded({ shards: 0, groups: 0, replicas: 4 }) });
  expect(problems.map((text) => text.split(":")[0])).toEqual([
    ...["cluster.sharded.shards", "cluster.sharded.groups", "cluster.sharded.replicas"],
  ]);
});

test("sharded scenarios: those that change members are for one group only", () => {
  const members = scenario({ faults: [at(2_000, voters(1, 2))] });
  expect(whyNotSharded(members)).toEqual([`"membership" changes the members of one group only`]);
});
