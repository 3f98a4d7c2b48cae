import { join } from "node:path";
import { defineFigureSuite, type Figure, figure } from "../src/bench/dsl.ts";
import { p99 } from "../src/bench/measure.ts";
import { median } from "../src/lib/stats.ts";
import { awayMs, miscounted, operationsIn } from "./shards-migration/away.ts";
import {
  type Migration,
  type MigrationRun,
  runMigration,
  type Scale,
  VALUE_BYTES,
} from "./shards-migration/migration.ts";

/** Of issue 9. */
const GOALS = { awayMs: 500, p99Ms: 100 } as const;
const LOAD = { keys: 100_000, rate: 2_000, calmMs: 3_000 } as const;
/** A shard is away for as long as its own keys take: more of them, and each is away for less. */
const FULL: readonly Scale[] = [
  { ...LOAD, shards: 12 },
  { ...LOAD, shards: 48 },
];
const QUICK: readonly Scale[] = [{ shards: 8, keys: 5_000, rate: 500, calmMs: 500 }];
const KEY_BYTES = 8;
const TOLD_MAX = 5;

/**
 * Every key moves to another group while clients get and put all of them: two groups join, which brings them
 * half of the shards, and then the two that were there leave. How long a shard was away is seen by its clients.
 */
export default defineFigureSuite({
  name: "shards-migration",
  about:
    "100,000 keys of 256 B move to other groups under 2,000 operations a second: how long each shard is away, what operations take, and whether anything is lost.",
  run: async (context) => {
    const figures: Figure[] = [];
    for (const scale of context.quick ? QUICK : FULL) {
      const dir = join(context.dir, `${scale.shards}`);
      figures.push(...figuresOf(scale, await runMigration(scale, { ...context, dir })));
    }
    return figures;
  },
});

function figuresOf(scale: Scale, run: MigrationRun): readonly Figure[] {
  const { history, load, calm } = run;
  const wrong = miscounted(history, scale.keys);
  if (wrong.length > 0) throw new Error(`lost: ${wrong.slice(0, TOLD_MAX).join("; ")}`);
  const before = awayMs(history, scale.shards, calm);
  const calmText = `before: at most ${Math.max(...before).toFixed(0)} ms between two operations`;
  return [
    ...phaseFigures(`${scale.shards} shards, 2 groups join`, scale, run, run.join),
    ...phaseFigures(`${scale.shards} shards, 2 groups leave`, scale, run, run.leave),
    figure(
      `${scale.shards} shards, before: operations, p99`,
      p99(operationsIn(history, calm).tookMs),
      "ms",
      {
        note: `of ${scale.rate}/s; ${calmText}${load.void === null ? "" : `; ${load.void}`}`,
      },
    ),
    figure(
      `${scale.shards} shards: keys lost, or with a put that counted twice`,
      wrong.length,
      "count",
      {
        goal: { atMost: 0 },
        note: `all ${scale.keys} read at the end: their versions are the puts that were acknowledged`,
      },
    ),
  ];
}

function phaseFigures(
  name: string,
  { shards, keys }: Scale,
  { history }: MigrationRun,
  migration: Migration,
): readonly Figure[] {
  const { moved, fromUs, toUs } = migration;
  const seconds = (toUs - fromUs) / 1e6;
  const away = awayMs(history, shards, migration).filter((_, shard) => moved.includes(shard));
  const { tookMs, failed, unknown } = operationsIn(history, migration);
  const bytes = (keys / shards) * moved.length * (KEY_BYTES + VALUE_BYTES);
  return [
    figure(`${name}: until nothing moves`, seconds, "s", {
      note: `${moved.length} of ${shards} shards, about ${Math.round((keys / shards) * moved.length)} keys`,
    }),
    figure(`${name}: keys and values moved`, bytes / seconds / (1 << 20), "MiB/s"),
    figure(`${name}: longest that a shard was away`, Math.max(...away), "ms", {
      goal: { atMost: GOALS.awayMs },
      note: `median of those that moved ${median(away).toFixed(0)} ms`,
    }),
    figure(`${name}: operations meanwhile, p99`, p99(tookMs), "ms", {
      goal: { atMost: GOALS.p99Ms },
      note: `${tookMs.length} ok, ${failed} failed, ${unknown} unknown; longest ${Math.max(...tookMs).toFixed(0)} ms`,
    }),
  ];
}
