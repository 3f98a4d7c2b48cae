import { readFileSync } from "node:fs";
import { UserError } from "../../lib/user-error.ts";
import type { SimResult } from "../../sim/api.ts";
import { runSchedule } from "../../sim/run.ts";
import { parseScheduleFile, type ScheduleFile } from "../../sim/schedule-file.ts";
import { storyOf } from "../../sim/story.ts";
import { storyLines } from "../../sim/story-text.ts";

export type Replayed = {
  readonly file: ScheduleFile;
  readonly result: SimResult;
  /** False: the second run was another one. That is our own failure. */
  readonly isRepeatable: boolean;
  readonly story: readonly string[];
};

/** Runs the schedule of a file, twice. Throws UserError for a file that is none. */
export function replaySchedule(text: string, path: string): Replayed {
  const file = parseScheduleFile(text, path);
  const result = runSchedule(file.schedule);
  const story = storyOf(file.schedule);
  const isRepeatable = story.result.traceHash === result.traceHash;
  return { file, result, isRepeatable, story: storyLines(story) };
}

export function replayText(path: string, { file, result, isRepeatable, story }: Replayed): string {
  const { violation } = file;
  return [
    ...story,
    "",
    `${result.verdict.toUpperCase()}  ${path}`,
    `reason  ${file.reason}`,
    `then    ${violation === null ? "it broke nothing" : `it broke ${violation.invariant}: ${violation.message}`}`,
    `trace   ${result.traceHash}${isRepeatable ? "" : "  NOT REPEATABLE: the second run had another one"}`,
  ].join("\n");
}

/** Throws UserError when it cannot be read. */
export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    const fix = "give the path of a schedule.json that `ordeal sim` wrote";
    throw new UserError("cannot read the schedule", [{ where: path, what, fix }]);
  }
}
