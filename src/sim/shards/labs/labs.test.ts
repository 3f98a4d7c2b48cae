import { expect, test } from "bun:test";
import type { Script } from "../../labs/script.ts";
import { SHARD_LABS } from "./labs.ts";
import { runShardLab } from "./run.ts";
import type { ShardLabScenario } from "./scenario.ts";

const SEED = 1;
const BASE = { lab: "5-2025", about: "", groups: 2, clerks: 2 } as const;

/** What takes seconds of a core runs by `ordeal sim --scenario 5-2025` alone. */
const LONG = [
  ...["ManyJoinLeaveUnreliable", "ConcurrentUnreliable", "ManyConcurrentClerkUnreliable"],
  ...["PartitionRecoveryUnreliableClerks", "OneConcurrentClerkUnreliable", "Unreliable2"],
  ...["ProgressJoin", "Concurrent2", "Unreliable3"],
  ...["PartitionRecoveryReliableClerks", "OneConcurrentClerkReliable"],
];

for (const scenario of SHARD_LABS.filter(({ name }) => !LONG.includes(name))) {
  test(`lab ${scenario.lab}/${scenario.name}: ${scenario.about}`, () => {
    const { verdict, seed, detector, message, evidence } = runShardLab(scenario, SEED);
    const told = verdict === "pass" ? [] : [`seed ${seed}: ${detector}: ${message}`, ...evidence];
    expect(told).toEqual([]);
  });
}

test("shard labs: the same seed gives the same run, another seed another one", () => {
  const scenario = SHARD_LABS.find(({ name }) => name === "ConcurrentMultiLeaveJoin")!;
  const hashes = [7, 7, 8].map((seed) => runShardLab(scenario, seed).traceHash);
  expect(hashes[1]).toBe(hashes[0]!);
  expect(hashes[2]).not.toBe(hashes[0]!);
});

test("shard labs: what a script asserts and does not hold fails the run, with what led to it", () => {
  const broken: ShardLabScenario = {
    ...{ ...BASE, name: "Broken" },
    *script(lab): Script {
      yield* lab.join(2);
      lab.shutdownGroups(2);
      const get = lab.spawn(lab.call("get", 1));
      yield 2_000;
      lab.expect(get.done, "a dead group does not answer");
    },
  };
  const result = runShardLab(broken, SEED);
  expect(result).toMatchObject({ verdict: "fail", message: "a dead group does not answer" });
  expect(result.evidence.join("\n")).toContain("shut down nodes");
});
