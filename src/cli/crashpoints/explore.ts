import type { Violation } from "../../sim/api.ts";
import {
  crashAt,
  type CrashOptions,
  type Cut,
  OUTCOMES,
  POWERS,
} from "../../sim/crashpoints/run.ts";
import { ownCommand } from "../../runtime/self.ts";

/** What became of one cut. */
export type CutOutcome = {
  readonly cut: Cut;
  readonly verdict: "pass" | "fail" | "unknown";
  readonly violation: Violation | null;
  readonly traceHash: string;
  /** Losses of power in that run, those of the schedule included. */
  readonly crashes: number;
};

/** Which of all cuts; null: every point, outcome or power. */
export type Choice = { readonly [K in keyof Cut]: Cut[K] | null };

/** What a worker process is given: every `step`-th cut from `first` on. */
export type WorkerJob = {
  readonly options: CrashOptions;
  readonly choice: Choice;
  readonly points: number;
  readonly first: number;
  readonly step: number;
};

/** All cuts of a run with so many points that `choice` leaves, in the order of the points. */
export function cutsOf(points: number, choice: Choice): readonly Cut[] {
  const chosen = <T>(all: readonly T[], one: T | null): readonly T[] =>
    one === null ? all : [one];
  const every = Array.from({ length: points }, (_, i) => i + 1);
  return chosen(every, choice.point).flatMap((point) =>
    chosen(POWERS, choice.power).flatMap((power) =>
      chosen(OUTCOMES, choice.keeps).map((keeps) => ({ point, keeps, power })),
    ),
  );
}

export function runCut(options: CrashOptions, cut: Cut): CutOutcome {
  const { verdict, violation, traceHash, stats } = crashAt(options, cut);
  return { cut, verdict, violation, traceHash, crashes: stats.crashes };
}

/** Runs the cuts of a job, one after the other, and tells of each. */
export function runJob(job: WorkerJob, onOutcome: (outcome: CutOutcome) => void): void {
  const cuts = cutsOf(job.points, job.choice);
  for (let i = job.first; i < cuts.length; i += job.step) onOutcome(runCut(job.options, cuts[i]!));
}

/** Runs every cut, in `jobs` processes; 1: in this one alone. Throws when a process fails. */
export async function explore(
  work: Omit<WorkerJob, "first" | "step">,
  jobs: number,
  onOutcome: (outcome: CutOutcome) => void,
): Promise<void> {
  if (jobs === 1) return runJob({ ...work, first: 0, step: 1 }, onOutcome);
  const children = Array.from({ length: jobs }, (_, first) => {
    const job: WorkerJob = { ...work, first, step: jobs };
    return Bun.spawn(ownCommand("crashpoints-worker", [JSON.stringify(job)]), {
      stdio: ["ignore", "pipe", "inherit"],
    });
  });
  const stop = (): void => children.forEach((child) => child.kill());
  process.once("exit", stop);
  try {
    await Promise.all(children.map((child) => readOutcomes(child, onOutcome)));
  } finally {
    stop();
    process.removeListener("exit", stop);
  }
}

async function readOutcomes(
  child: Bun.Subprocess<"ignore", "pipe", "inherit">,
  onOutcome: (outcome: CutOutcome) => void,
): Promise<void> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onOutcome(JSON.parse(line) as CutOutcome);
  }
  const code = await child.exited;
  if (code !== 0) throw new Error(`a process that cuts the power ended with code ${code}`);
}
