import { Glob } from "bun";
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../lib/user-error.ts";
import { ShardCluster } from "./cluster.ts";
import { runShards } from "./run.ts";
import { parseShardSchedule, shardScheduleText } from "./schedule-file.ts";
import { PATIENCE } from "./settle.ts";
import { runUntil } from "../run-until.ts";
import { shardEventsOf, shrinkShards } from "./shrink.ts";
import { drawShards } from "./swarm.ts";

const DURATION_MS = 2_500;
const SEEDS = 12;
const CORPUS = join(import.meta.dir, "corpus");
const files = [...new Glob("*.json").scanSync(CORPUS)].sort();

test("sharded simulator: seeds pass, and reach what they are for", () => {
  const sums = { operationsOk: 0, elections: 0, crashes: 0, configs: 0, shardMoves: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { verdict, violation, stats } = runShards(drawShards(seed, { durationMs: DURATION_MS }));
    expect({ seed, verdict, violation }).toEqual({ seed, verdict: "pass", violation: null });
    for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += stats[name];
  }
  expect(sums.operationsOk).toBeGreaterThan(20 * SEEDS);
  expect(sums.elections).toBeGreaterThan(3 * SEEDS);
  expect(sums.crashes).toBeGreaterThan(0);
  expect(sums.configs).toBeGreaterThan(2 * SEEDS);
  expect(sums.shardMoves).toBeGreaterThan(2 * SEEDS);
});

test("sharded simulator: idle groups sleep, and one whose leader is gone has another all the same", () => {
  const { config } = drawShards(1);
  const { loss: _, ...link } = config.link;
  const cluster = new ShardCluster({
    ...{ seed: 1, nodes: 3, groups: 3, replicas: 3, shards: 4, quiesce: true },
    config: { ...config, link: { ...link, loss: 0 }, electionTimeoutMinMs: 150 },
  });
  const runFor = (ms: number): void => {
    const untilMs = cluster.world.now + ms;
    runUntil(cluster.world, PATIENCE, () => cluster.world.now >= untilMs, untilMs);
  };
  const groups = [1, ...cluster.groups];
  runFor(5_000);
  const { frames } = cluster.network;
  runFor(5_000);
  expect(cluster.network.frames).toBe(frames);
  const leader = cluster.leaderOf(2);
  cluster.crash(leader, "process");
  const isLed = (): boolean => groups.every((group) => cluster.leaderOf(group) > 0);
  expect(isLed()).toBe(false);
  expect(runUntil(cluster.world, PATIENCE, isLed, cluster.world.now + 5_000)).toBe(true);
  expect(cluster.leaderOf(2)).not.toBe(leader);
});

test("sharded simulator: the same schedule twice is the same run, to the last event", () => {
  const schedule = drawShards(4, { durationMs: DURATION_MS });
  const first = runShards(schedule);
  const { sharded } = parseShardSchedule(shardScheduleText(schedule, null, "round trip"), "file");
  expect(runShards(sharded)).toEqual(first);
  const operations = schedule.operations.slice(1);
  expect(runShards({ ...schedule, operations }).traceHash).not.toBe(first.traceHash);
});

test("sharded simulator: what fails is shrunk to what it needs", () => {
  const schedule = drawShards(6, { durationMs: DURATION_MS });
  const pass = runShards({ ...schedule, actions: [], operations: [] });
  const needed = schedule.actions.find(({ kind }) => kind === "change")!;
  const { schedule: small, result } = shrinkShards(
    schedule,
    () => false,
    (candidate) => {
      if (!candidate.actions.includes(needed)) return pass;
      const violation = {
        invariant: "ONE",
        message: "",
        atMs: 9e9,
        event: 0,
        evidence: [],
      } as const;
      return { ...pass, verdict: "fail", violation };
    },
  );
  expect(shardEventsOf(small)).toBe(1);
  expect(small.actions).toEqual([needed]);
  expect(result.violation?.invariant).toBe("ONE");
});

test("sharded simulator: a file that is no schedule is refused, with every place", () => {
  const schedule = drawShards(1, { durationMs: 500 });
  const operations = [{ atMs: 1, client: 99, op: "get", key: 0 } as const];
  const text = shardScheduleText({ ...schedule, replicas: 9, operations }, null, "strange");
  try {
    parseShardSchedule(text, "file.json");
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    const wheres = (error as UserError).problems.map(({ where }) => where);
    expect(wheres).toEqual(["sharded.replicas", "sharded.operations.0.client"]);
  }
});

// Schedules that once found a bug, as `reason` says; schedules and not seeds, since a seed draws another
// one when the code that draws changes.
for (const file of files) {
  test(`sharded corpus: ${file} passes`, () => {
    const parsed = parseShardSchedule(readFileSync(join(CORPUS, file), "utf8"), file);
    expect(parsed.reason.length).toBeGreaterThan(20);
    expect(parsed.violation).not.toBeNull();
    const { verdict, violation } = runShards(parsed.sharded);
    expect({ verdict, violation }).toEqual({ verdict: "pass", violation: null });
  });
}
