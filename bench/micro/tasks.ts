import { Bench } from "tinybench";
import { type Figure, figure, type FigureContext } from "../../src/bench/dsl.ts";
import { consume } from "../../src/bench/measure.ts";
import { percentile } from "../../src/lib/stats.ts";

const NS_PER_MS = 1e6;

/** Something that is done over and over. What it is given differs from call to call. */
export type MicroTask = {
  /** With what one call is: `encode a request of 256 B`. */
  readonly name: string;
  /**
   * Does it many times, for 100 µs at least so that a look at the clock does not count, and returns how
   * many times. What it computes goes to `consume`, or into something that outlives it.
   */
  readonly body: () => number;
  readonly goalNs?: number;
};

/** Nanoseconds a call of each task: the median of tinybench's samples, with their quartiles. */
export async function microFigures(
  tasks: readonly MicroTask[],
  { quick, progress }: FigureContext,
): Promise<readonly Figure[]> {
  const bench = new Bench({
    ...(quick ? { time: 10, warmupTime: 10, iterations: 3 } : { time: 500, warmupTime: 250 }),
    retainSamples: true,
    throws: true,
  });
  for (const { name, body } of tasks) {
    const sample = (): { overriddenDuration: number; overriddenIterationCost: number } => {
      const from = bench.now();
      const calls = body();
      const took = bench.now() - from;
      return { overriddenDuration: took / calls, overriddenIterationCost: took };
    };
    bench.add(name, sample, { async: false });
  }
  bench.addEventListener("cycle", ({ task }) => progress(task.name));
  consume(await bench.run());
  return tasks.map(({ name, goalNs }) => {
    const result = bench.getTask(name)!.result;
    if (result.state !== "completed") throw new Error(`${name}: ${result.state}`);
    const ns = result.latency.samples!.map((ms) => ms * NS_PER_MS);
    const [low, mid, high] = [0.25, 0.5, 0.75].map((q) => percentile(ns, q));
    const note = `quartiles ${nsText(low!)} to ${nsText(high!)}, ${ns.length} samples`;
    return figure(name, mid!, "ns", {
      note,
      goal: goalNs === undefined ? null : { atMost: goalNs },
    });
  });
}

const nsText = (ns: number): string => ns.toFixed(ns < 100 ? 1 : 0);
