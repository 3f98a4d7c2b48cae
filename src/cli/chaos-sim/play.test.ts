import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadScenarios, loadTagged } from "../../chaos/catalog.ts";
import { judge } from "../../chaos/judge.ts";
import type { Recording, RunOptions } from "../../chaos/run.ts";
import type { Scenario } from "../../chaos/scenario.ts";
import { scheduleOf } from "../../chaos/schedule.ts";
import { readHistory } from "../../history/reader.ts";
import { playInSimulator, simTarget } from "./play.ts";

const SEED = 1;
setDefaultTimeout(60_000);
/** Far more than any of these takes: a verdict must not depend on the machine. */
const LIMITS = { now: () => 0, timeoutMs: 60_000, memoryBytes: 256 << 20 };

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "ordeal-chaos-sim-"));
});
afterAll(() => rm(dir, { recursive: true }));

const scenarios = [...(await loadScenarios()), ...(await loadTagged())];

async function play(scenario: Scenario, seed = SEED): Promise<Recording> {
  const { durationMs } = scenario;
  const options: RunOptions = {
    ...{ kind: "chaos" as const, seed, durationMs, command: "", reportsDir: dir, keep: false },
    ...{ onProgress: () => {}, signal: new AbortController().signal },
    startLoad: () => Promise.reject(new Error("no process loads a simulated cluster")),
  };
  const paths = { cluster: dir, history: join(dir, `${scenario.name}.bin`) };
  return playInSimulator(
    simTarget,
    scenario,
    scheduleOf(scenario, seed, durationMs),
    options,
    paths,
  );
}

async function verdictOf(recording: Recording): Promise<readonly string[]> {
  const path = join(dir, `${recording.scenario.name}.bin`);
  const history = readHistory(new Uint8Array(await Bun.file(path).arrayBuffer()));
  const { checks } = judge(recording, history, LIMITS);
  return checks
    .filter(({ verdict }) => verdict !== "pass")
    .map(({ name, detail }) => `seed ${SEED}: ${name}: ${detail}`);
}

// The rest run with `ordeal chaos run --all --target sim`: these have faults of each kind.
const SOME = [
  "kitchen-sink",
  "torn-writes",
  "membership",
  "bit-flip",
  "mit-4c-snapshot-everything",
];

test.each(SOME)("%s in the simulator: reaches its aim, and all checks hold", async (name) => {
  const scenario = scenarios.find((each) => each.name === name)!;
  expect(await verdictOf(await play(scenario))).toEqual([]);
});

test("a scenario in the simulator: the same seed gives the same run, another another", async () => {
  const scenario = scenarios.find(({ name }) => name === "membership")!;
  const traces = [];
  for (const seed of [5, 5, 6]) {
    const { checks = [], events, bands, ticks } = await play(scenario, seed);
    traces.push(JSON.stringify({ checks, events, bands, ticks }));
  }
  expect(traces[1]).toBe(traces[0]!);
  expect(traces[2]).not.toBe(traces[0]!);
});

test("a scenario in the simulator that misses its aim is void, as on real processes", async () => {
  const base = scenarios.find(({ name }) => name === "membership")!;
  const never: Scenario = { ...base, aim: [{ kind: "leaderDeposed", atLeast: 1_000 }] };
  const problems = await verdictOf(await play(never));
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain("void below 1000");
});
