import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SimResult } from "../../sim/api.ts";
import { runShards } from "../../sim/shards/run.ts";
import {
  parseShardSchedule,
  type ShardScheduleFile,
  shardScheduleText,
} from "../../sim/shards/schedule-file.ts";
import { shardEventsOf, shrinkShards } from "../../sim/shards/shrink.ts";
import { drawShards, type ShardDrawOptions } from "../../sim/shards/swarm.ts";

/** Time that shrinking may cost. */
const SHRINK_MS_MAX = 60_000;

/** What is left of a failing run of a sharded cluster, for people and for `ordeal sim --replay`. */
export type KeptShards = {
  /** reports/sim/<runId>: the schedule, and the one that it was shrunk from. */
  readonly dir: string;
  readonly schedule: string;
  readonly events: number;
  readonly eventsBefore: number;
  readonly runs: number;
};

/** Shrinks the schedule of a seed that fails, and writes both. */
export function keepShards(seed: number, options: ShardDrawOptions, reports: string): KeptShards {
  const original = drawShards(seed, options);
  const until = performance.now() + SHRINK_MS_MAX;
  const { schedule, result, runs } = shrinkShards(original, () => performance.now() > until);
  const id = new Date().toISOString().replaceAll(/[-:]/g, "").slice(0, 15);
  const dir = join(reports, "sim", `${id}-sharded-seed-${seed}`);
  mkdirSync(dir, { recursive: true });
  const path = join(dir, "schedule.json");
  const reason = `shrunk from sharded seed ${seed}`;
  writeFileSync(path, shardScheduleText(schedule, result.violation, reason));
  const drawn = shardScheduleText(original, result.violation, `drawn: sharded seed ${seed}`);
  writeFileSync(join(dir, "original.json"), drawn);
  writeFileSync(join(dir, "story.txt"), `${storyOf(result).join("\n")}\n`);
  const events = { events: shardEventsOf(schedule), eventsBefore: shardEventsOf(original) };
  return { dir, schedule: path, ...events, runs };
}

export const keptShardsText = (kept: KeptShards): string =>
  [
    "",
    `shrunk  from ${kept.eventsBefore} events to ${kept.events} in ${kept.runs} runs`,
    `story   ${join(kept.dir, "story.txt")}`,
    `replay  ordeal sim --replay ${kept.schedule}`,
  ].join("\n");

export type ReplayedShards = {
  readonly file: ShardScheduleFile;
  readonly result: SimResult;
  /** False: the second run was another one. That is our own failure. */
  readonly isRepeatable: boolean;
};

/** Runs the schedule of a file, twice. Throws UserError for a file that is none. */
export function replayShards(text: string, path: string): ReplayedShards {
  const file = parseShardSchedule(text, path);
  const result = runShards(file.sharded);
  return { file, result, isRepeatable: runShards(file.sharded).traceHash === result.traceHash };
}

export function replayedShardsText(
  path: string,
  { file, result, isRepeatable }: ReplayedShards,
): string {
  const { violation } = file;
  const then =
    violation === null
      ? "it broke nothing"
      : `it broke ${violation.invariant}: ${violation.message}`;
  const again = isRepeatable ? "" : "  NOT REPEATABLE: the second run had another one";
  return [
    ...storyOf(result),
    "",
    `${result.verdict.toUpperCase()}  ${path}`,
    `reason  ${file.reason}`,
    `then    ${then}`,
    `trace   ${result.traceHash}${again}`,
  ].join("\n");
}

function storyOf({ violation, stats }: SimResult): readonly string[] {
  if (violation === null) {
    return [`${stats.operations} operations, ${stats.configs} configs, ${stats.shardMoves} moves`];
  }
  const { invariant, message, evidence, atMs } = violation;
  return [...evidence, `${atMs.toFixed(1).padStart(9)} ms  ✗ ${invariant}: ${message}`];
}
