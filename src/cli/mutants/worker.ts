import type { Arena } from "../../chaos/mutant.ts";
import { AssertionError, unreachable } from "../../lib/assert.ts";
import type { SimResult } from "../../sim/api.ts";
import type { Alarm, Hunt, Job } from "./job.ts";

// A process of `ordeal mutants`: runs schedules of a job, given as its argument, on the code as it was
// loaded, which is patched when plant.ts was preloaded. Prints a Hunt.

type Outcome = { readonly alarm: Omit<Alarm, "seed"> | null; readonly unknown: boolean };

const CLEAN: Outcome = { alarm: null, unknown: false };

async function runnerOf(arena: Arena): Promise<(seed: number) => Outcome> {
  switch (arena.kind) {
    case "wal":
      return outcomesOf((await import("../../sim/wal/run.ts")).runWal);
    case "frames":
      return outcomesOf((await import("../../sim/frames/run.ts")).runFrames);
    case "crashpoints":
      return outcomesOf((await import("../../sim/crashpoints/run.ts")).drawnCuts());
    case "partial": {
      const { runPartial } = await import("../../sim/partial/run.ts");
      return outcomesOf((seed) => runPartial(seed, arena.failure));
    }
    case "sharded":
      return sharded();
    case "sim":
      return simulation(arena);
    default:
      return unreachable(arena);
  }
}

type Violation = { readonly invariant: string; readonly message: string };

const outcomesOf =
  (run: (seed: number) => Violation | null) =>
  (seed: number): Outcome => {
    const found = run(seed);
    if (found === null) return CLEAN;
    return { alarm: { detector: found.invariant, message: found.message }, unknown: false };
  };

async function simulation({
  kind: _,
  ...options
}: Extract<Arena, { kind: "sim" }>): Promise<(seed: number) => Outcome> {
  const { drawSchedule } = await import("../../sim/swarm.ts");
  const { runSchedule } = await import("../../sim/run.ts");
  return (seed) => toOutcome(runSchedule(drawSchedule(seed, options)));
}

/** Short schedules: what moves shards goes wrong early, if it does. Virtual ms. */
const SHARDED_MS = 4_000;

async function sharded(): Promise<(seed: number) => Outcome> {
  const { drawShards } = await import("../../sim/shards/swarm.ts");
  const { runShards } = await import("../../sim/shards/run.ts");
  return (seed) => toOutcome(runShards(drawShards(seed, { durationMs: SHARDED_MS })));
}

function toOutcome({ verdict, violation }: SimResult): Outcome {
  if (violation === null) return { alarm: null, unknown: verdict === "unknown" };
  const { invariant, message } = violation;
  return { alarm: { detector: invariant, message }, unknown: false };
}

/** What is thrown is an alarm too: the code under test broke an assertion of its own, or worse. */
function attempt(run: (seed: number) => Outcome, seed: number): Outcome {
  try {
    return run(seed);
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const detector = error instanceof AssertionError ? "ASSERT" : "CRASH";
    return { alarm: { detector, message }, unknown: false };
  }
}

async function work({ arenas, start, seedsMax, wallMsMax, onlyFirst }: Job): Promise<Hunt> {
  const runners = await Promise.all(arenas.map(runnerOf));
  const startedAt = performance.now();
  const alarms: Alarm[] = [];
  let schedules = 0;
  let unknown = 0;
  while (schedules < seedsMax && performance.now() < startedAt + wallMsMax) {
    const seed = start + schedules++;
    const outcome = attempt(runners[seed % runners.length]!, seed);
    if (outcome.unknown) unknown++;
    if (outcome.alarm !== null) alarms.push({ seed, ...outcome.alarm });
    if (outcome.alarm !== null && onlyFirst) break;
  }
  return { schedules, alarms, unknown, wallMs: performance.now() - startedAt };
}

process.stdout.write(JSON.stringify(await work(JSON.parse(process.argv[2] ?? "") as Job)));
