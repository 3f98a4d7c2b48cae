import { expect, test } from "bun:test";
import type { SimResult, SimSchedule } from "./api.ts";
import { runSchedule } from "./run.ts";
import { drawSchedule } from "./swarm.ts";

const DURATION_MS = 3_000;
const CLEAN_SEEDS = 60;

/** Everything but what a schedule is for: a quiet cluster. */
function quiet(seed: number): SimSchedule {
  const drawn = drawSchedule(seed, { nodes: { min: 3, max: 3 }, durationMs: 2_000 });
  return { ...drawn, actions: [] };
}

const outline = ({ verdict, violation, traceHash }: SimResult): string =>
  JSON.stringify([verdict, violation?.invariant, violation?.message, traceHash]);

test("simulator: the same schedule twice is the same run, to the last event", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const schedule = drawSchedule(seed, { durationMs: DURATION_MS });
    const first = runSchedule(schedule);
    const second = runSchedule(JSON.parse(JSON.stringify(schedule)) as SimSchedule);
    expect(second, `seed ${seed}`).toEqual(first);
    expect(first.stats.events).toBeGreaterThan(500);
  }
});

test("simulator: another seed, or one operation less, is another run", () => {
  const schedule = quiet(1);
  const { traceHash } = runSchedule(schedule);
  expect(runSchedule({ ...schedule, seed: 2 }).traceHash).not.toBe(traceHash);
  const operations = schedule.operations.slice(1);
  expect(runSchedule({ ...schedule, operations }).traceHash).not.toBe(traceHash);
});

test("simulator: who looks on changes nothing", () => {
  const schedule = drawSchedule(7, { durationMs: DURATION_MS });
  let heard = 0;
  const watched = runSchedule(schedule, () => heard++);
  expect(watched).toEqual(runSchedule(schedule));
  expect(heard).toBeGreaterThan(500);
});

test("simulator: clean seeds pass, and reach what they are for", () => {
  const sums = { operationsOk: 0, elections: 0, crashes: 0, snapshotsInstalled: 0, transfers: 0 };
  let membershipChanges = 0;
  for (let seed = 1; seed <= CLEAN_SEEDS; seed++) {
    const result = runSchedule(drawSchedule(seed, { durationMs: DURATION_MS }));
    expect(outline(result), `seed ${seed}`).toStartWith('["pass"');
    for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += result.stats[name];
    membershipChanges += result.stats.membershipChanges;
  }
  expect(sums.operationsOk).toBeGreaterThan(50 * CLEAN_SEEDS);
  expect(sums.elections).toBeGreaterThan(2 * CLEAN_SEEDS);
  expect(sums.crashes).toBeGreaterThan(CLEAN_SEEDS);
  expect(sums.snapshotsInstalled).toBeGreaterThan(0);
  expect(sums.transfers).toBeGreaterThan(0);
  expect(membershipChanges).toBeGreaterThan(0);
});

test("simulator: a quiet cluster answers every operation", () => {
  const { verdict, stats } = runSchedule(quiet(3));
  expect(verdict).toBe("pass");
  expect(stats.crashes).toBe(0);
  expect(stats.operationsOk).toBe(stats.operations);
});
