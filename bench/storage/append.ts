import fs from "node:fs";
import { type Figure, figure, type FigureContext } from "../../src/bench/dsl.ts";
import {
  abba,
  p99,
  pooledRatioOf,
  ratioOf,
  type Rounds,
  samplesOf,
  spreadText,
} from "../../src/bench/measure.ts";
import { median } from "../../src/lib/stats.ts";
import { entriesOf, openLog } from "./log.ts";

const SIZES = [
  { name: "256 B", bytes: 256, rounds: 600 },
  { name: "4 KiB", bytes: 4 << 10, rounds: 600 },
  { name: "64 KiB", bytes: 64 << 10, rounds: 200 },
];
/** Few in a row: what disturbs the disk for some milliseconds then falls on both. */
const APPENDS = 5;
const STATISTICS = [
  { name: "p50", of: median, ratio: ratioOf },
  { name: "p99", of: p99, ratio: pooledRatioOf },
];
const ROUNDS_QUICK = 3;
const RATIO_MAX = 1.3;
/** The bare file is as large as a segment of the log becomes, written with zeros ahead as that is. */
const BARE_FILE_MIB = 64;
const BARE_FILE_MIB_QUICK = 2;
const ZEROS = new Uint8Array(1 << 20);

/**
 * One entry at a time, from `append` until it is called durable, against the least that any log has
 * to do: one write and one fdatasync of the entry's bytes, in a file whose blocks exist. What the log
 * writes around an entry counts as its cost.
 */
export async function appendFigures(context: FigureContext): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const { name, bytes, rounds: full } of SIZES) {
    context.progress(`append + fsync of ${name}`);
    const rounds = await compare(context, bytes, context.quick ? ROUNDS_QUICK : full);
    for (const statistic of STATISTICS) {
      const ratio = statistic.ratio(rounds, statistic.of, context.seed);
      const [log, bare] = (["a", "b"] as const).map((arm) =>
        Math.round(statistic.of(samplesOf(rounds, arm))),
      );
      const title = `append + fsync of ${name} against the bare calls, ${statistic.name}`;
      const note = `${log} µs against ${bare} µs; ${spreadText(ratio, rounds)}`;
      figures.push(figure(title, ratio.ratio, "ratio", { goal: { atMost: RATIO_MAX }, note }));
    }
  }
  return figures;
}

async function compare(
  { dir, quick, seed }: FigureContext,
  bytes: number,
  rounds: number,
): Promise<Rounds> {
  const log = openLog(`${dir}/append-${bytes}`);
  const fileMib = quick ? BARE_FILE_MIB_QUICK : BARE_FILE_MIB;
  const file = zeroedFile(`${dir}/bare-${bytes}`, fileMib);
  const entry = entriesOf(1, bytes, seed);
  const appendOne = (done: () => void): void => {
    log.append(1, entry, done);
    log.wal.commit();
  };
  let at = 0;
  const writeOne = (done: () => void): void => {
    at = at + entry.length > fileMib * ZEROS.length ? 0 : at;
    fs.writeSync(file, entry, 0, entry.length, at);
    fs.fdatasyncSync(file);
    at += entry.length;
    done();
  };
  const arm = (one: (done: () => void) => void) => () => oneByOne(one);
  try {
    return await abba(arm(appendOne), arm(writeOne), rounds);
  } finally {
    fs.closeSync(file);
    log.wal.close();
  }
}

/** Microseconds that each call takes until it is done; each in a turn of its own, as requests come. */
function oneByOne(one: (done: () => void) => void): Promise<number[]> {
  const samples: number[] = [];
  return new Promise((resolve) => {
    const next = (): void => {
      if (samples.length === APPENDS) return resolve(samples);
      const from = performance.now();
      one(() => {
        samples.push((performance.now() - from) * 1000);
        setImmediate(next);
      });
    };
    next();
  });
}

function zeroedFile(path: string, mib: number): number {
  const file = fs.openSync(path, "wx+");
  for (let i = 0; i < mib; i++) fs.writeSync(file, ZEROS, 0, ZEROS.length, i * ZEROS.length);
  fs.fsyncSync(file);
  return file;
}
