import { type Figure, figure, type FigureContext } from "../../src/bench/dsl.ts";
import { median, percentile } from "../../src/lib/stats.ts";
import { entriesOf, openLog, type OpenLog } from "./log.ts";

const WRITERS = [64, 256, 1000];
const ENTRY_BYTES = 256;
const MEASURE_MS = 600;
const RUNS = 7;
const QUICK = { measureMs: 60, runs: 1 };

/**
 * Entries a second that the log makes durable for so many writers, each of which appends its next
 * one when its last is durable: the next record forms while one is on its way. No network, no core.
 */
export async function groupCommitFigures(context: FigureContext): Promise<readonly Figure[]> {
  const { dir, seed, quick } = context;
  const { measureMs, runs } = quick ? QUICK : { measureMs: MEASURE_MS, runs: RUNS };
  const log = openLog(`${dir}/group-commit`);
  const rates = WRITERS.map((): number[] => []);
  try {
    // Around the numbers of writers, not one by one: a slow second does not fall on one of them.
    for (let run = 0; run <= runs; run++) {
      context.progress(`group commit, run ${run} of ${runs}`);
      for (const [i, writers] of WRITERS.entries()) {
        const rate = await entriesPerSecond(log, writers, measureMs, seed);
        if (run > 0) rates[i]!.push(rate); // The first is the warm-up.
      }
    }
  } finally {
    log.wal.close();
  }
  return WRITERS.flatMap((writers, i) => {
    const perSecond = median(rates[i]!);
    const [low, high] = [0, 1].map((q) =>
      Math.round(percentile(rates[i]!, q)).toLocaleString("en-US"),
    );
    const title = `group commit, ${writers} writers of ${ENTRY_BYTES} B`;
    const note = `median of ${runs} runs from ${low} to ${high}`;
    return [
      figure(title, perSecond, "/s", { note }),
      figure(`${title}: data`, (perSecond * ENTRY_BYTES) / 2 ** 20, "MiB/s"),
    ];
  });
}

async function entriesPerSecond(
  log: OpenLog,
  writers: number,
  measureMs: number,
  seed: number,
): Promise<number> {
  const entry = entriesOf(1, ENTRY_BYTES, seed);
  const { promise, resolve } = Promise.withResolvers<number>();
  const from = performance.now();
  let durable = 0;
  let underWay = writers;
  let commitDue = false;
  /** Once a turn, as a node does. */
  const commit = (): void => {
    commitDue = false;
    log.wal.commit();
  };
  const append = (): void => {
    log.append(1, entry, landed);
    if (commitDue) return;
    commitDue = true;
    setImmediate(commit);
  };
  const landed = (): void => {
    durable++;
    const tookMs = performance.now() - from;
    if (tookMs < measureMs) return append();
    if (--underWay === 0) resolve((durable / tookMs) * 1000);
  };
  // Half of them a turn later: the halves then take turns, as clients do that came at any time.
  for (let i = 0; i < writers / 2; i++) append();
  log.wal.commit();
  for (let i = Math.ceil(writers / 2); i < writers; i++) append();
  return promise;
}
