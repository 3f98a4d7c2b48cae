import { afterAll, beforeAll, expect, test } from "bun:test";
import { Glob } from "bun";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runOrdeal } from "./testing/ordeal.ts";

// Short runs of scenarios on real processes; `ordeal chaos run` plays them in full.

const WITHIN_MS = 150_000;

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "ordeal-chaos-members-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Runs a scenario that must pass; returns the lines of the nodes' logs. */
async function passes(name: string, duration: string): Promise<string[]> {
  const reports = join(dir, name);
  const args = ["chaos", "run", name, "--seed", "3", "--duration", duration, "--reports", reports];
  const { code, out, err } = await runOrdeal(args);
  expect(code, err + out).toBe(0);
  const logs = await Array.fromAsync(new Glob("**/logs/node-*.log").scan(reports));
  const texts = await Promise.all(logs.map((path) => Bun.file(join(reports, path)).text()));
  return texts.flatMap((text) => text.trim().split("\n"));
}

test(
  "chaos run: from three voters to five and to three others under partitions, nothing is lost",
  async () => {
    const lines = await passes("membership", "5s");
    const leaders = lines.filter((line) => line.includes('"becameLeader"'));
    // Of the last three voters two were none at first: one of the new nodes leads in between.
    expect(leaders.some((line) => /"node":[678],/.test(line))).toBe(true);
  },
  WITHIN_MS,
);

test(
  "chaos run: a node that missed more than the log keeps is sent the state, over lossy links",
  async () => {
    const lines = await passes("snapshot-install", "7s");
    expect(lines.filter((line) => line.includes('"snapshotInstalled"')).length).toBeGreaterThan(0);
  },
  WITHIN_MS,
);
