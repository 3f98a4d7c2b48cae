import { type Figure, figure, type FigureContext } from "../../src/bench/dsl.ts";
import type { SyntheticSpec } from "../../src/check/testing/synthetic.ts";
import { median, percentile } from "../../src/lib/stats.ts";
import { measure, type Outcome } from "./measure.ts";

type Row = {
  /** What stands before the count of operations. */
  readonly name: string;
  readonly operations: number;
  readonly quickOperations: number;
  readonly spec: Partial<SyntheticSpec>;
  readonly expects: "pass" | "fail";
  readonly goalMs: number;
  readonly goalMiB?: number;
  readonly goalCore?: number;
};

const MILLION = 1_000_000;
const REGISTER = { clients: 64 } as const;
const FEW_VALUES = { gets: 0.33, cas: 0.33, values: 5 } as const;

const ROWS: readonly Row[] = [
  {
    name: "1 key, 64 clients, unique values",
    ...{ operations: MILLION, quickOperations: 20_000, spec: REGISTER, expects: "pass" },
    ...{ goalMs: 150, goalMiB: 300 },
  },
  {
    name: "1 key, 64 clients, unique values",
    ...{ operations: 10 * MILLION, quickOperations: 0, spec: REGISTER, expects: "pass" },
    ...{ goalMs: 1500, goalMiB: 1331 },
  },
  {
    name: "1000 keys, 64 clients",
    ...{ operations: MILLION, quickOperations: 20_000, expects: "pass", goalMs: 100 },
    spec: { ...REGISTER, keys: 1000 },
  },
  {
    // A third of the operations: about 10,000. A half of them takes effect, some after long.
    name: "35 % never-returning writes and a stale read",
    ...{ operations: 30_000, quickOperations: 2000, expects: "fail", goalMs: 50 },
    spec: { ...REGISTER, gets: 0.3, pending: 0.5, staleReadAt: 0.9 },
  },
  {
    name: "1 key, 64 clients, versioned puts with refusals",
    ...{ operations: MILLION, quickOperations: 20_000, expects: "pass", goalMs: 200 },
    spec: { ...REGISTER, gets: 0.2, versioned: 0.8, refused: 0.52, versions: true },
  },
  {
    name: "one stale read hidden, 1 key, 64 clients",
    ...{ operations: MILLION, quickOperations: 20_000, expects: "fail" },
    ...{ spec: { ...REGISTER, staleReadAt: 0.5 }, goalMs: 50, goalCore: 6 },
  },
  {
    name: "5 values, 33 % CAS, 16 clients",
    ...{ operations: 10_000, quickOperations: 1000, expects: "pass", goalMs: 100 },
    spec: { ...FEW_VALUES, clients: 16 },
  },
  {
    name: "5 values, 33 % CAS, 16 clients",
    ...{ operations: MILLION, quickOperations: 0, expects: "pass", goalMs: 4000 },
    spec: { ...FEW_VALUES, clients: 16 },
  },
  {
    name: "5 values, 33 % CAS, 64 clients on one key",
    ...{ operations: 10_000, quickOperations: 300, expects: "pass", goalMs: 10_000 },
    spec: { ...FEW_VALUES, clients: 64 },
  },
];

/** Samples of a row: fewer where one takes seconds. */
const SAMPLES = 7;
const SAMPLES_LONG = 3;
const LONG_MS = 1000;

/** The table of synthetic histories; a quick run leaves out those that take long. */
export async function rowFigures(context: FigureContext): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const row of ROWS) {
    const operations = context.quick ? row.quickOperations : row.operations;
    if (operations > 0) figures.push(...(await figuresOf(row, operations, context)));
  }
  return figures;
}

async function figuresOf(
  row: Row,
  operations: number,
  { seed, quick, progress }: FigureContext,
): Promise<readonly Figure[]> {
  const title = `${row.name}, ${operations.toLocaleString("en-US")} operations`;
  progress(title);
  const spec = { ...row.spec, operations, seed };
  const samples = quick ? 1 : row.goalMs >= LONG_MS ? SAMPLES_LONG : SAMPLES;
  const timed = await measure({ spec, warmups: quick ? 0 : 2, samples });
  requireVerdict(title, row, timed);
  const figures = [timeFigure(title, row, timed)];
  if (row.goalCore !== undefined) {
    const goal = { atMost: row.goalCore };
    const note = "operations that prove it, re-checked by trying every order";
    figures.push(figure(`${title}: core`, timed.core, "count", { goal, note }));
  }
  if (row.goalMiB !== undefined) {
    const once = await measure({ spec, warmups: 0, samples: 1 });
    const goal = { atMost: row.goalMiB };
    const note = `peak of a process that made the history (${mib(once.historyMiB)} resident by then) and checked it once`;
    figures.push(figure(`${title}: memory`, once.peakMiB, "MiB", { goal, note }));
  }
  return figures;
}

const mib = (n: number): string => `${Math.round(n)} MiB`;

/** Unknown is a missed goal; the opposite verdict is a bug, of which no figure must speak well. */
function requireVerdict(title: string, { expects }: Row, { verdict }: Outcome): void {
  if (verdict !== expects && verdict !== "unknown") {
    throw new Error(`${title}: the verdict is ${verdict}, and must be ${expects}`);
  }
}

function timeFigure(title: string, { goalMs }: Row, outcome: Outcome): Figure {
  const { samplesMs, cpuMs, verdict, detail } = outcome;
  const [low, high] = [0, 1].map((q) => Number(percentile(samplesMs, q).toPrecision(3)));
  const cpu = Number(median(cpuMs).toPrecision(3));
  const spread = `${detail}; warm, median of ${samplesMs.length} from ${low} to ${high} ms, CPU ${cpu} ms`;
  const note = verdict === "unknown" ? `UNKNOWN: ${detail}` : spread;
  // A verdict that is not one took too long, however soon the memory ran out.
  const ms = verdict === "unknown" ? Math.max(goalMs * 10, median(samplesMs)) : median(samplesMs);
  return figure(title, ms, "ms", { goal: { atMost: goalMs }, note });
}
