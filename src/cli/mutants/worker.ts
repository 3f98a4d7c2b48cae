import type { Arena } from "../../chaos/mutant.ts";
import { AssertionError, unreachable } from "../../lib/assert.ts";
import type { Alarm, Hunt, Job } from "./job.ts";

// A process of `ordeal mutants`: runs schedules of a job, given as its argument, on the code as it was
// loaded, which is patched when plant.ts was preloaded. Prints one Hunt as a JSON line for each start.

type Outcome = { readonly alarm: Omit<Alarm, "seed"> | null; readonly unknown: boolean };

const CLEAN: Outcome = { alarm: null, unknown: false };

async function runnerOf(arena: Arena): Promise<(seed: number) => Outcome> {
  switch (arena.kind) {
    case "wal":
      return outcomesOf((await import("../../sim/wal/run.ts")).runWal);
    case "frames":
      return outcomesOf((await import("../../sim/frames/run.ts")).runFrames);
    case "partial":
      return outcomesOf((await import("../../sim/partial/run.ts")).runPartial);
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

async function simulation(
  arena: Extract<Arena, { kind: "sim" }>,
): Promise<(seed: number) => Outcome> {
  const { drawSchedule } = await import("../../sim/swarm.ts");
  const { runSchedule } = await import("../../sim/run.ts");
  return (seed) => {
    const drawn = drawSchedule(seed, arena.nodes === undefined ? {} : { nodes: arena.nodes });
    const schedule = { ...drawn, config: { ...drawn.config, ...arena.config } };
    const { verdict, violation } = runSchedule(schedule);
    if (violation === null) return { alarm: null, unknown: verdict === "unknown" };
    const { invariant, message } = violation;
    return { alarm: { detector: invariant, message }, unknown: false };
  };
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

async function work(job: Job): Promise<void> {
  const runners = await Promise.all(job.arenas.map(runnerOf));
  const stopAt = performance.now() + job.wallMsMax;
  for (const start of job.starts) {
    const startedAt = performance.now();
    const alarms: Alarm[] = [];
    let schedules = 0;
    let unknown = 0;
    while (schedules < job.seedsMax && performance.now() < stopAt) {
      const seed = start + schedules++;
      const outcome = attempt(runners[seed % runners.length]!, seed);
      if (outcome.unknown) unknown++;
      if (outcome.alarm !== null) alarms.push({ seed, ...outcome.alarm });
      if (outcome.alarm !== null && job.onlyFirst) break;
    }
    const wallMs = performance.now() - startedAt;
    const hunt: Hunt = { start, schedules, alarms, unknown, wallMs };
    process.stdout.write(`${JSON.stringify(hunt)}\n`);
  }
}

await work(JSON.parse(process.argv[2] ?? "") as Job);
