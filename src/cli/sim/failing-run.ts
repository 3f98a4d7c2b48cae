import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SimSchedule } from "../../sim/api.ts";

/** Runs and time that shrinking may cost. */
const RUNS_MAX = 4_000;
const SHRINK_MS_MAX = 30_000;

/** What is left of a failing run, for people and for `ordeal sim --replay`. */
export type KeptFailure = {
  /** reports/sim/<runId>: the schedule, the one it was shrunk from, and the story. */
  readonly dir: string;
  readonly schedule: string;
  readonly events: number;
  readonly eventsBefore: number;
  readonly runs: number;
  /** At most 40 lines. */
  readonly story: readonly string[];
};

/** Shrinks a schedule that fails, and writes it and its story to `reports`/sim/<runId>. */
export async function keepFailure(
  original: SimSchedule,
  reports: string,
  name: string,
): Promise<KeptFailure> {
  const { eventsOf, shrinkSchedule } = await import("../../sim/shrink.ts");
  const { scheduleText } = await import("../../sim/schedule-file.ts");
  const now = (): number => performance.now();
  const limits = { runsMax: RUNS_MAX, now, until: now() + SHRINK_MS_MAX };
  const { schedule, result, runs } = shrinkSchedule(original, limits);
  const id = new Date().toISOString().replaceAll(/[-:]/g, "").slice(0, 15);
  const dir = join(reports, "sim", `${id}-${name}`);
  mkdirSync(dir, { recursive: true });
  const write = (file: string, text: string): string => {
    writeFileSync(join(dir, file), text);
    return join(dir, file);
  };
  const path = write(
    "schedule.json",
    scheduleText(schedule, result.violation, `shrunk from ${name}`),
  );
  write("original.json", scheduleText(original, result.violation, `drawn: ${name}`));
  const { storyOf } = await import("../../sim/story.ts");
  const { storyLines } = await import("../../sim/story-text.ts");
  const { lamportPage } = await import("../../report/page/lamport.ts");
  const story = storyOf(schedule);
  const lines = storyLines(story);
  write("story.txt", `${lines.join("\n")}\n`);
  write("story.html", lamportPage(story, [`Repeat: ordeal sim --replay ${path}`]));
  const events = { events: eventsOf(schedule), eventsBefore: eventsOf(original) };
  return { dir, schedule: path, ...events, runs, story: lines };
}

export function failureText(kept: KeptFailure): string {
  const { dir, schedule, events, eventsBefore, runs, story } = kept;
  return [
    "",
    `shrunk  from ${eventsBefore} events to ${events} in ${runs} runs`,
    "",
    ...story,
    "",
    `story   ${join(dir, "story.html")}`,
    `replay  ordeal sim --replay ${schedule}`,
  ].join("\n");
}
