import type { Fault } from "../fault/vocabulary.ts";
import { durationMs } from "../report/format.ts";
import { describeCondition, type Observed, Watch } from "./condition.ts";
import type { Sequence } from "./sequence.ts";
import { nowUs, sleepUntil } from "./timing.ts";

/** Nodes are asked so often while a sequence waits: "when commitIndex reaches k" is about that exact. */
const LOOK_MS = 25;

/** What a sequence acts on and looks at. */
export type Surroundings = {
  readonly startedUs: number;
  readonly signal: AbortSignal;
  readonly apply: (fault: Fault) => Promise<void>;
  readonly observe: () => Promise<Observed>;
};

/**
 * Plays a sequence in real time. Resolves to null when it came to its end, else to what never came
 * true, in words: the stages after that were left out. Rejects when the signal aborts.
 */
export async function playSequence(
  { atMs, stages }: Sequence,
  { startedUs, signal, apply, observe }: Surroundings,
): Promise<string | null> {
  await sleepUntil(startedUs + atMs * 1000, signal);
  for (const stage of stages) {
    switch (stage.kind) {
      case "do":
        await apply(stage.fault);
        break;
      case "wait":
        await sleepUntil(nowUs() + stage.ms * 1000, signal);
        break;
      case "until": {
        const deadlineUs = nowUs() + stage.limitMs * 1000;
        const watch = new Watch(stage.condition, await observe());
        while (!watch.sees(await observe())) {
          if (nowUs() >= deadlineUs) {
            return `${describeCondition(stage.condition)}: not within ${durationMs(stage.limitMs)}`;
          }
          await sleepUntil(nowUs() + LOOK_MS * 1000, signal);
        }
      }
    }
  }
  return null;
}
