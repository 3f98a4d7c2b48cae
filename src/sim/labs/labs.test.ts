import { expect, test } from "bun:test";
import { checkOneLeader } from "./checks.ts";
import { KvTally } from "./kv-tally.ts";
import type { Lab } from "./lab.ts";
import { SHARD_LABS } from "../shards/labs/labs.ts";
import { findLabs, LABS } from "./labs.ts";
import { runLab } from "./run.ts";
import { fullName, type LabScenario } from "./scenario.ts";
import type { Script } from "./script.ts";

const SEED = 1;

for (const scenario of LABS) {
  test(`lab ${fullName(scenario)}: ${scenario.about}`, () => {
    const { verdict, seed, detector, message, evidence } = runLab(scenario, SEED);
    const told = verdict === "pass" ? [] : [`seed ${seed}: ${detector}: ${message}`, ...evidence];
    expect(told).toEqual([]);
  });
}

test("labs: the same seed gives the same run, another seed another one", () => {
  const scenario = LABS.find(({ name }) => name === "UnreliableChurn")!;
  const hashes = [7, 7, 8].map((seed) => runLab(scenario, seed).traceHash);
  expect(hashes[1]).toBe(hashes[0]!);
  expect(hashes[2]).not.toBe(hashes[0]!);
});

test("labs: a name stands for all, for a lab, or for the tests of that name", () => {
  expect(findLabs("mit")).toEqual([...LABS, ...SHARD_LABS]);
  expect(new Set(findLabs("3D").map(({ lab }) => lab))).toEqual(new Set(["3D"]));
  expect(findLabs("LeaderFailure").map(fullName)).toEqual(["3B/LeaderFailure", "4A/LeaderFailure"]);
  expect(findLabs("4A/LeaderFailure").map(fullName)).toEqual(["4A/LeaderFailure"]);
  expect(findLabs("Leader")).toEqual([]);
});

test("labs: what a script asserts and does not hold fails the run, with what led to it", () => {
  const scenario: LabScenario = {
    ...{ name: "Broken", lab: "more", about: "two of three cannot be a minority", servers: 3 },
    *script(lab: Lab): Script {
      yield 1_000;
      lab.disconnect(1, 2);
      yield 2_000;
      lab.expect(
        lab.nodes.some(({ status }) => status?.role === "leader"),
        "nobody leads",
      );
    },
  };
  const result = runLab(scenario, SEED);
  expect(result).toMatchObject({ verdict: "fail", detector: "LAB", message: "nobody leads" });
  expect(result.evidence.at(-1)).toEndWith("1000.0 ms  disconnect 1, 2");
});

test("labs: a run that never ends, and one of servers that cannot agree in the end, fail", () => {
  const base = { lab: "more", about: "", servers: 3 } as const;
  const endless: LabScenario = {
    ...{ ...base, name: "Endless" },
    *script() {
      for (;;) yield 1_000;
    },
  };
  expect(runLab(endless, SEED).message).toBe("no end within 120000 virtual ms");
  const stalled: LabScenario = {
    ...{ ...base, name: "Stalled" },
    *script(lab) {
      yield 1_000;
      for (const { disk } of lab.nodes) disk.setSpeed({ latencyMs: 1e6, jitterMs: 0 });
    },
  };
  expect(runLab(stalled, SEED).message).toStartWith("no agreement on");
});

test("KV labs: a version above what the clerks were told is found", () => {
  const foreign: LabScenario = {
    ...{ name: "Foreign", lab: "4B", about: "", servers: 3, config: { clients: 1 } },
    *script(lab: Lab): Script {
      const tally = new KvTally(lab, "append");
      const leader = yield* checkOneLeader(lab);
      yield* tally.call({ client: 0, op: "append", key: 0 });
      lab.submit(leader, "v77");
      yield 500;
      yield* tally.check();
    },
  };
  expect(runLab(foreign, SEED).message).toBe("key 0 has version 2; its clerks counted 1");
});
