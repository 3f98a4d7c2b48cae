import { availableParallelism } from "node:os";
import type { RunningLoad } from "../chaos/run.ts";
import { checkLoadSpec } from "../workload/check-spec.ts";
import { mergeResults } from "../workload/merge.ts";
import type { LoadResult, LoadSpec, LoadViolation } from "../workload/spec.ts";
import { splitLoad } from "../workload/split.ts";
import { type LoadTick, TICK_MS, TickMerger } from "../workload/tick-merger.ts";
import { type GeneratorChild, startChild } from "./load/child.ts";

/** Parts are told to begin so far ahead: a busy machine must get the word to all of them in time. */
const HEADSTART_MS = 100;
const TRIAL_WARMUP_MS = 300;
const TRIAL_MS = 1_300;
/** Shy of what voids a closed loop (workload/metrics.ts): the run may need a little more than the trial. */
const BUSY_CPU = 0.85;

export type Load = Omit<RunningLoad, "stop"> & {
  /** As in RunningLoad; `finalReads` (default true): with a last get of every key. */
  stop(finalReads?: boolean): Promise<LoadResult>;
};

/**
 * Starts the load in generator processes of its own: one, or as many as the spec asks for, which begin
 * together and are seen as one. Rejects, with what one of them said, when it ends before all are
 * ready. They end with us.
 */
export async function startGenerator(
  spec: LoadSpec,
  onTick: (tick: LoadTick) => void,
  onViolation: (violation: LoadViolation) => void = () => {},
): Promise<Load> {
  const { generators = 1 } = spec;
  if (generators !== 1) checkLoadSpec(spec);
  const count = generators === "auto" ? await enoughGenerators(spec) : generators;
  return count === 1
    ? startOne({ ...spec, generators: 1 }, onTick, onViolation)
    : startParts(splitLoad(spec, count), onTick);
}

async function startOne(
  spec: LoadSpec,
  onTick: (tick: LoadTick) => void,
  onViolation: (violation: LoadViolation) => void,
): Promise<Load> {
  const child = startChild(spec, { onTick, onViolation });
  await allReady([child]);
  return {
    pids: [child.pid],
    done: child.done,
    stop: (finalReads = true) => {
      child.tell({ kind: "stop", finalReads });
      return child.done;
    },
    kill: child.kill,
  };
}

async function startParts(
  specs: readonly LoadSpec[],
  onTick: (tick: LoadTick) => void,
): Promise<Load> {
  let merger: TickMerger | null = null;
  const parts = specs.map((spec, index) =>
    startChild(spec, {
      onTick: (tick) => merger?.add(index, tick),
      onViolation: () => {}, // Parts record no history, so nothing follows one.
    }),
  );
  await allReady(parts);
  const atUs = (Date.now() + HEADSTART_MS) * 1000;
  merger = new TickMerger(parts.length, atUs, TICK_MS, onTick);
  const ends = parts.map(async (part, index) => {
    const result = await part.done;
    merger.end(index);
    return result;
  });
  for (const part of parts) part.tell({ kind: "start", atUs });
  const done = Promise.all(ends).then(mergeResults);
  done.catch(() => {}); // Whoever does not wait for it must not end the process.
  return {
    pids: parts.map(({ pid }) => pid),
    done,
    stop: (finalReads = true) => {
      for (const [index, part] of parts.entries()) {
        part.tell({ kind: "stop", finalReads: finalReads && index === 0 });
      }
      return done;
    },
    kill: () => killAll(parts),
  };
}

async function allReady(parts: readonly GeneratorChild[]): Promise<void> {
  try {
    await Promise.all(parts.map((part) => part.ready));
  } catch (error) {
    await killAll(parts);
    throw error;
  }
}

const killAll = async (parts: readonly GeneratorChild[]): Promise<void> =>
  void (await Promise.all(parts.map((part) => part.kill())));

/**
 * The generators that a load needs, by short trials of it: twice as many each time one was the
 * bottleneck, up to the cores and the clients. The trials write to the store, as the load does.
 */
async function enoughGenerators(spec: LoadSpec): Promise<number> {
  const most = Math.min(availableParallelism(), spec.clients);
  let count = 1;
  while (count < most) {
    const trial = await startGenerator(
      {
        ...spec,
        generators: count,
        finalReads: false,
        warmupMs: TRIAL_WARMUP_MS,
        durationMs: TRIAL_MS,
      },
      () => {},
    );
    const result = await trial.done.finally(trial.kill);
    const isBusy = spec.rate === null ? result.cpu / count > BUSY_CPU : result.void !== null;
    if (!isBusy) break;
    count = Math.min(count * 2, most);
  }
  return count;
}
