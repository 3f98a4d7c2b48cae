import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findScenarios, loadScenarioFile, loadScenarios, scenariosOf } from "./catalog.ts";
import { firstFaultMs, scheduleOf } from "./schedule.ts";
import { longestMs } from "./sequence.ts";
import { scenarioProblems } from "./validate.ts";

const scenarios = await loadScenarios();

test("chaos/: has the scenarios that the field knows, and none that is not named here", () => {
  expect(scenarios.map(({ name }) => name)).toEqual([
    "asymmetric-partition",
    "bit-flip",
    "bridge",
    "clock-skew",
    "clock-strobe",
    "connection-resets",
    "controller-crash",
    "crash-all",
    "cut-at-commit",
    "delay-reorder-duplicate",
    "demo",
    "disk-error",
    "disk-full",
    "disk-stall",
    "duplicated-votes",
    "half-open",
    "kitchen-sink",
    "leader-churn",
    "lossy-links",
    "majorities-ring",
    "majority-minority",
    "membership",
    "paused-leader",
    "power-loss",
    "rolling-restart",
    "rolling-upgrade",
    "shards-churn",
    "shards-partition",
    "shards-power-loss",
    "shards-storm",
    "slow-link",
    "snapshot-chunks-dropped",
    "snapshot-install",
    "snapshot-nemesis",
    "soak",
    "split-at-random",
    "stale-messages",
    "storm",
    "swizzle-clog",
    "torn-writes",
    "transfer-storm",
    "wipe",
  ]);
});

test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
  "chaos/%s: survives JSON, runs on 3, 5 and 7 nodes, and leaves a quiet start",
  (_, scenario) => {
    expect(JSON.parse(JSON.stringify(scenario))).toEqual(scenario);
    const { nodes: usual, spares, storage } = scenario.cluster;
    // One that changes its members says which: it has the size that it has.
    for (const nodes of spares === undefined ? [3, 5, 7] : [usual]) {
      const cluster = { ...scenario.cluster, nodes };
      expect(scenarioProblems({ ...scenario, cluster })).toEqual([]);
    }
    expect([usual, storage]).toEqual([spares === undefined ? 5 : 3, "disk"]);
    for (const durationMs of [10_000, 15_000, 60_000]) {
      const schedule = scheduleOf(scenario, 1, durationMs);
      // Load must be steady before the first fault, or nothing could be said of the change.
      expect(firstFaultMs(schedule)).toBeGreaterThanOrEqual(1_500);
      const { actions, sequences = [] } = schedule;
      const ends = sequences.map(({ atMs, stages }) => atMs + longestMs(stages));
      expect(Math.max(...ends, actions.at(-1)?.atMs ?? 0)).toBeLessThanOrEqual(durationMs);
      expect(actions.length + sequences.length * 2).toBeGreaterThan(1);
    }
  },
);

const labs = await scenariosOf("mit");

test("chaos/mit: the KV labs, each once, apart from what --all means, and sound as data", async () => {
  expect(labs.length).toBeGreaterThan(35);
  expect(new Set(labs.map(({ name }) => name)).size).toBe(labs.length);
  for (const lab of labs) {
    expect(scenarioProblems(lab)).toEqual([]);
    expect(JSON.parse(JSON.stringify(lab))).toEqual(lab);
    expect(scenarios.some(({ name }) => name === lab.name)).toBeFalse();
    expect(firstFaultMs(scheduleOf(lab, 1, lab.durationMs)) ?? 1_500).toBeGreaterThanOrEqual(1_500);
  }
  expect(await findScenarios(["mit-4b-speed"])).toEqual(
    labs.filter(({ name }) => name === "mit-4b-speed"),
  );
  await expect(scenariosOf("mti")).rejects.toThrow("unknown tag");
});

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "ordeal-scenarios-"));
});
afterAll(() => rm(dir, { recursive: true }));

test("loadScenarioFile: says what is wrong with a file that is no scenario", async () => {
  const path = join(dir, "empty.ts");
  await expect(loadScenarioFile(path)).rejects.toThrow("no such file");
  await Bun.write(path, "export const x = 1;\n");
  await expect(loadScenarioFile(path)).rejects.toThrow("no default export");
  const other = join(dir, "other.ts");
  await Bun.write(other, `export default { name: "x" };\n`);
  await expect(loadScenarioFile(other)).rejects.toThrow(`named "x"`);
});
