import { runSchedule } from "../../sim/run.ts";
import { runShards } from "../../sim/shards/run.ts";
import { drawShards } from "../../sim/shards/swarm.ts";
import { type DrawOptions, drawSchedule } from "../../sim/swarm.ts";
import { addOutcome, type Failure, newTally, type Outcome, type Tally } from "./tally.ts";
import { ownCommand } from "../../runtime/self.ts";

/** `sharded`: schedules of sharded clusters, of sizes of their own. */
export type SeedOptions = DrawOptions & { readonly sharded?: boolean };

export type HuntOptions = {
  readonly first: number;
  readonly seeds: number;
  /** Processes; 1: this one alone. */
  readonly jobs: number;
  readonly options: SeedOptions;
};

/** What a worker process is given: seeds first, first + step, …, below `end`. */
export type WorkerJob = {
  readonly first: number;
  readonly step: number;
  readonly end: number;
  readonly options: SeedOptions;
};

/** Runs seed after seed until one fails, which is then run a second time and compared. */
export async function huntSeeds(
  hunt: HuntOptions,
  onProgress: (tally: Tally) => void,
): Promise<Tally> {
  const tally = newTally(hunt.first, hunt.seeds);
  const startedAt = performance.now();
  /** False: enough. */
  const take = (outcome: Outcome): boolean => {
    addOutcome(tally, outcome);
    tally.wallMs = performance.now() - startedAt;
    const failed = outcome.result.verdict === "fail";
    if (failed && (tally.failure === null || outcome.seed < tally.failure.seed)) {
      tally.failure = confirmed(outcome, hunt.options);
    }
    onProgress(tally);
    return !failed;
  };
  if (hunt.jobs === 1) {
    const end = hunt.first + hunt.seeds;
    for (let seed = hunt.first; seed < end && take(runSeed(seed, hunt.options)); seed++);
  } else {
    await huntInProcesses(hunt, take);
  }
  tally.wallMs = performance.now() - startedAt;
  return tally;
}

export const runSeed = (seed: number, options: SeedOptions): Outcome => ({
  seed,
  result:
    options.sharded === true
      ? runShards(drawShards(seed, options))
      : runSchedule(drawSchedule(seed, options)),
});

/** A failure counts only as what it is once it has come out the same twice. */
function confirmed({ seed, result }: Outcome, options: SeedOptions): Failure {
  const again = runSeed(seed, options).result;
  const isRepeatable =
    again.traceHash === result.traceHash &&
    again.violation?.invariant === result.violation?.invariant &&
    again.violation?.message === result.violation?.message;
  return { seed, result, isRepeatable };
}

async function huntInProcesses(
  hunt: HuntOptions,
  take: (outcome: Outcome) => boolean,
): Promise<void> {
  const { first, seeds, jobs: step, options } = hunt;
  const children = Array.from({ length: step }, (_, i) => {
    const job: WorkerJob = { first: first + i, step, end: first + seeds, options };
    return Bun.spawn(ownCommand("sim-worker", [JSON.stringify(job)]), {
      stdio: ["ignore", "pipe", "inherit"],
    });
  });
  const stop = (): void => children.forEach((child) => child.kill());
  process.once("exit", stop);
  let enough = false;
  const read = async (child: (typeof children)[number]): Promise<void> => {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (enough || take(JSON.parse(line) as Outcome)) continue;
        enough = true;
        stop();
      }
    }
    const code = await child.exited;
    if (code !== 0 && !enough) throw new Error(`a simulating process ended with code ${code}`);
  };
  try {
    await Promise.all(children.map(read));
  } finally {
    stop();
    process.removeListener("exit", stop);
  }
}
