import type { SyntheticSpec } from "../../src/check/testing/synthetic.ts";
import { ownCommand } from "../../src/runtime/self.ts";

/** What a process of its own measures: it makes the history, and checks it some times. */
export type Job = {
  readonly spec: Partial<SyntheticSpec>;
  /** Checks before those that count. */
  readonly warmups: number;
  readonly samples: number;
};

export type Outcome = {
  readonly verdict: "pass" | "fail" | "unknown";
  /** What settled it, or which limit was hit. */
  readonly detail: string;
  /** Operations in the core of a failure; otherwise 0. */
  readonly core: number;
  readonly samplesMs: readonly number[];
  /** CPU time of the same checks, all threads of the process together. */
  readonly cpuMs: readonly number[];
  /** Resident when the history was made, and the most there ever was. */
  readonly historyMiB: number;
  readonly peakMiB: number;
};

/** Runs the job in a fresh process, so that no other row has warmed or filled what it measures. */
export async function measure(job: Job): Promise<Outcome> {
  const child = Bun.spawn(ownCommand("check-worker", [JSON.stringify(job)]), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const stop = (): void => void child.kill("SIGKILL");
  process.once("exit", stop);
  try {
    const text = await child.stdout.text();
    const code = await child.exited;
    if (code !== 0) throw new Error(`the measuring process ended with code ${code}`);
    return JSON.parse(text) as Outcome;
  } finally {
    process.off("exit", stop);
  }
}
