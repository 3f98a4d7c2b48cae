import { rmSync } from "node:fs";
import { type Figure, figure, type FigureContext } from "../../src/bench/dsl.ts";
import { GROUP_1 } from "../../src/lib/ids.ts";
import { median, percentile } from "../../src/lib/stats.ts";
import { entriesOf, openLog } from "./log.ts";

const ENTRIES = 1_000_000;
const ENTRIES_QUICK = 20_000;
const ENTRY_BYTES = 256;
/** A batch is what one turn of a busy leader brings; a record holds the batches of one commit. */
const BATCH_ENTRIES = 64;
const BATCHES_PER_COMMIT = 16;
const RUNS = 5;
const GOAL_S = 3;

/** How long `openWal` takes for a log that was never compacted: reading, checking, indexing. */
export async function recoveryFigures(context: FigureContext): Promise<readonly Figure[]> {
  const { quick, progress } = context;
  const entries = quick ? ENTRIES_QUICK : ENTRIES;
  const dir = `${context.dir}/recovery`;
  progress(`writing ${entries.toLocaleString("en-US")} entries`);
  await fillLog(dir, entries, context.seed);
  const seconds: number[] = [];
  for (let run = 1; run <= (quick ? 1 : RUNS); run++) {
    progress(`recovery, run ${run}`);
    const from = performance.now();
    const { wal, groups } = openLog(dir);
    seconds.push((performance.now() - from) / 1000);
    const batches = groups.get(GROUP_1)?.batches ?? [];
    const found = batches.reduce((sum, batch) => sum + batch.count, 0);
    wal.close();
    if (found !== entries) throw new Error(`recovered ${found} of ${entries} entries`);
    Bun.gc(true); // A node recovers once: what the run before left behind is not its cost.
  }
  rmSync(dir, { recursive: true });
  const title = `recovery of a log of ${entries.toLocaleString("en-US")} entries of ${ENTRY_BYTES} B`;
  const [low, high] = [0, 1].map((q) => percentile(seconds, q).toFixed(2));
  const note = `median of ${seconds.length} from ${low} to ${high} s; files in the page cache`;
  return [figure(title, median(seconds), "s", { goal: { atMost: GOAL_S }, note })];
}

/** Writes a log of so many entries, all durable. */
export function fillLog(dir: string, entries: number, seed: number): Promise<void> {
  const log = openLog(dir);
  const bytes = entriesOf(BATCH_ENTRIES, ENTRY_BYTES, seed);
  const each = bytes.length / BATCH_ENTRIES;
  const { promise, resolve } = Promise.withResolvers<void>();
  let appended = 0;
  let unsynced = 0;
  const more = (): void => {
    for (let i = 0; i < BATCHES_PER_COMMIT && appended < entries; i++) {
      const count = Math.min(BATCH_ENTRIES, entries - appended);
      appended += count;
      unsynced++;
      log.append(count, bytes.subarray(0, count * each), landed);
    }
    log.wal.commit();
  };
  const landed = (): void => {
    if (--unsynced > 0) return;
    if (appended < entries) return more();
    log.wal.close();
    resolve();
  };
  more();
  return promise;
}
