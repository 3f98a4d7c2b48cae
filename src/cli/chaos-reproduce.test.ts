import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadScenarioFile } from "../chaos/catalog.ts";
import { defineScenario } from "../chaos/dsl.ts";
import type { Scenario } from "../chaos/scenario.ts";
import type { Report } from "../report/schema.ts";
import { demoReport, failingReport } from "../report/testing/fixtures.ts";
import { writeReport } from "../report/write.ts";
import pausedLeader from "../../chaos/paused-leader.ts";
import { placeOf } from "./choose-target.ts";
import { STALE_READS } from "./gate/planted.ts";
import { readFailedRun } from "./reproduce/failed-run.ts";
import { commandFor } from "./reproduce/on-processes.ts";
import { type Reproduction, triesFor } from "./reproduce/reproduce.ts";
import { reproductionLines } from "./reproduce/text.ts";
import { planted, runOrdeal } from "./testing/ordeal.ts";

const WITHIN_MS = 150_000;

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "ordeal-reproduce-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const reproduceIn = async (run: string, ...args: readonly string[]) =>
  runOrdeal(
    ["chaos", "reproduce", run, ...args],
    await planted([STALE_READS], join(dir, "patch.json")),
  );

/** As if a second of `paused-leader` had failed. */
const failed = (): Report => {
  const scenario: Scenario = { ...pausedLeader, cluster: { ...pausedLeader.cluster, nodes: 3 } };
  return {
    ...failingReport(),
    ...{ name: scenario.name, durationMs: 1_000, seed: 3, config: { scenario } },
  };
};

test(
  "chaos reproduce: a bug shows in the simulator too, is shrunk, and is tried on real processes",
  async () => {
    const { dir: run } = await writeReport(failed(), dir);
    const options = ["--times", "1", "--shrink", "1ms", "--seeds", "50", "--json"];
    const { code, out, err } = await reproduceIn(run, ...options);
    expect(code, out + err).toBe(2);
    const found = JSON.parse(out) as Reproduction;
    expect(found).toMatchObject({ check: "linearizable", replayed: { kind: "none" } });
    expect(found.again.runs).toBe(1);
    // The simulator is sure to show it; whether one real run does is chance.
    const { simulated } = found;
    if (simulated.kind !== "reproduced") throw new Error(`the simulator: ${simulated.kind}`);
    expect(simulated.kept.events).toBeLessThan(simulated.kept.eventsBefore);
    expect(await Bun.file(simulated.kept.schedule).exists()).toBe(true);
    expect(found.shrunkOnProcesses?.runs).toBe(1);
    expect(found.smallest === null).toBe(found.again.failed === 0);
    expect(await Bun.file(join(run, "reproduction", "reproduction.json")).json()).toEqual(found);
    expect(reproductionLines(found).join("\n")).toContain("ordeal sim --replay");
  },
  WITHIN_MS,
);

test("chaos reproduce: a run that passed and no run at all are bad input", async () => {
  const { dir: passed } = await writeReport(demoReport(), dir);
  const [good, none] = await Promise.all([reproduceIn(passed), reproduceIn(join(dir, "none"))]);
  expect(good).toMatchObject({ code: 64, out: "" });
  expect(good.err).toContain("its verdict is pass");
  expect(none.code).toBe(64);
});

test("chaos reproduce: goes where the run was, and names it in the commands that it prints", async () => {
  const placed = async (place: unknown, target = "ordeal") => {
    const base = failed();
    const config = { ...(base.config as object), place };
    const report = { ...base, config, target: { ...base.target, name: target } };
    return readFailedRun((await writeReport(report, join(dir, "placed"))).dir);
  };
  const attached = { target: "ordeal", network: "proxies", attach: "nodes.json" } as const;
  const { place } = await placed(placeOf(attached), "attached");
  expect(place).toEqual(attached);
  expect(commandFor("x.json", { place, seed: 7 }, 4_000)).toBe(
    "ordeal chaos run x.json --seed 7 --duration 4s --attach nodes.json",
  );
  const inNamespaces = { target: "ordeal", network: "netns" } as const;
  expect((await placed(inNamespaces, "ordeal-netns")).place).toEqual(inNamespaces);
  // Reports that say no more than the name of their target.
  expect((await placed(undefined, "etcd")).place).toMatchObject({ target: "etcd" });
  await expect(placed(undefined, "attached")).rejects.toThrow("nothing to reproduce");
  await expect(placed({ target: "sim", network: "proxies" }, "sim")).rejects.toThrow("simulated");
});

test("chaos reproduce: what came of it in words, when little did", () => {
  const rate = { failed: 0, runs: 3 };
  const lines = reproductionLines({
    ...{ run: "reports/chaos/x/1", check: "recovered", repeat: "ordeal chaos run x --seed 1" },
    ...{ replayed: { kind: "none" }, again: rate, simulated: { kind: "held", seeds: 9 } },
    ...{ shrunkOnProcesses: null, smallest: null },
  }).join("\n");
  expect(lines).toContain("repeat     ordeal chaos run x --seed 1");
  expect(lines).toContain("held in all of 3 runs");
  expect(lines).toContain("broke nothing in 9 seeds");
  expect(lines).toContain("nothing to shrink");
});

test("tries: the rarer a failure, the more runs before a candidate counts as sound", () => {
  const tries = [9, 6, 3, 1].map((failures) => triesFor({ failed: failures, runs: 9 }));
  expect(tries).toEqual([1, 3, 4, 4]);
});

test("a scenario as a JSON file: runs as the module does, and a wrong one is bad input", async () => {
  const file = join(dir, "some.json");
  await Bun.write(file, JSON.stringify(defineScenario(pausedLeader)));
  expect(await loadScenarioFile(file)).toEqual(pausedLeader);
  await Bun.write(file, '{"name": "x"}');
  await expect(loadScenarioFile(file)).rejects.toThrow("is no scenario");
});
