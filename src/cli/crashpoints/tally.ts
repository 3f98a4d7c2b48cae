import type { PowerLossKeeps } from "../../fault/vocabulary.ts";
import { type CrashOptions, type CrashPoint, OUTCOMES } from "../../sim/crashpoints/run.ts";
import { type Cell, table } from "../table.ts";
import type { CutOutcome } from "./explore.ts";

type Count = { runs: number; failures: number };

/** One line of the table: the boundaries of one kind. */
export type KindTally = {
  readonly kind: string;
  points: number;
  readonly outcomes: Readonly<Record<PowerLossKeeps, Count>>;
};

/** What cutting the power everywhere came to. */
export type Tally = {
  readonly options: CrashOptions;
  readonly points: readonly CrashPoint[];
  /** By kind, in the order in which they come first. */
  readonly kinds: ReadonlyMap<string, KindTally>;
  /** Cuts there are to run. */
  readonly total: number;
  runs: number;
  failures: number;
  unknown: number;
  crashes: number;
  /** Of the lowest point that failed. */
  first: CutOutcome | null;
  firstUnknown: CutOutcome | null;
  wallMs: number;
};

export function newTally(
  options: CrashOptions,
  points: readonly CrashPoint[],
  total: number,
): Tally {
  const kinds = new Map<string, KindTally>();
  for (const { kind } of points) {
    const known = kinds.get(kind);
    if (known !== undefined) known.points++;
    else kinds.set(kind, { kind, points: 1, outcomes: noCounts() });
  }
  const counts = { runs: 0, failures: 0, unknown: 0, crashes: 0 };
  return { options, points, kinds, total, ...counts, first: null, firstUnknown: null, wallMs: 0 };
}

const noCounts = (): KindTally["outcomes"] => ({
  nothing: { runs: 0, failures: 0 },
  prefix: { runs: 0, failures: 0 },
  subset: { runs: 0, failures: 0 },
  torn: { runs: 0, failures: 0 },
});

export function addOutcome(tally: Tally, outcome: CutOutcome): void {
  const { cut, verdict } = outcome;
  const point = tally.points[cut.point - 1]!;
  const count = tally.kinds.get(point.kind)!.outcomes[cut.keeps];
  tally.runs++;
  tally.crashes += outcome.crashes;
  count.runs++;
  if (verdict === "unknown") {
    tally.unknown++;
    tally.firstUnknown ??= outcome;
  }
  if (verdict !== "fail") return;
  tally.failures++;
  count.failures++;
  if (tally.first === null || cut.point < tally.first.cut.point) tally.first = outcome;
}

export function verdictOf({ failures, unknown }: Tally): "pass" | "fail" | "unknown" {
  if (failures > 0) return "fail";
  return unknown > 0 ? "unknown" : "pass";
}

/** The command that repeats one cut alone. */
export function repeatCommand(
  { seed, nodes, judge }: CrashOptions,
  { cut }: Pick<CutOutcome, "cut">,
): string {
  const judged = judge === "all" ? "" : ` --judge ${judge}`;
  const run = `ordeal crashpoints --nodes ${nodes} --seed ${seed}${judged} --point ${cut.point}`;
  return cut.point === 0 ? run : `${run} --outcome ${cut.keeps} --power ${cut.power}`;
}

/** `node 2, before record sync (wal-00000002.seg)`. */
export function placeOf(tally: Tally, { cut }: Pick<CutOutcome, "cut">): string {
  const point = tally.points[cut.point - 1];
  if (point === undefined) return "no cut at all";
  const { node, side, what, effect } = point.boundary;
  const name = what.slice(what.lastIndexOf("/") + 1);
  const on = effect === "frame" || effect === "answer" ? "" : ` (${name})`;
  return `node ${node}, ${side} ${point.kind}${on}`;
}

/** The document of `--json`. */
export function documentOf(tally: Tally, isRepeatable: boolean): object {
  const { options, points, runs, failures, unknown, crashes, wallMs, first } = tally;
  const failure = first !== null && {
    ...first,
    place: placeOf(tally, first),
    isRepeatable,
    repeat: repeatCommand(options, first),
  };
  return {
    verdict: verdictOf(tally),
    ...options,
    points: points.length,
    runs,
    failures,
    unknown,
    crashes,
    wallMs: Math.round(wallMs),
    kinds: [...tally.kinds.values()],
    failure: failure || null,
  };
}

/** Kind of boundary × what the disk kept: runs, and failures among them. */
export function tableOf(tally: Tally): string {
  const cell = ({ runs, failures }: Count): Cell =>
    failures === 0 ? runs : `${runs}, ${failures} FAIL`;
  const kinds = [...tally.kinds.values()].filter(({ outcomes }) =>
    OUTCOMES.some((keeps) => outcomes[keeps].runs > 0),
  );
  const rows = kinds.map(({ kind, points, outcomes }) => [
    kind,
    points,
    ...OUTCOMES.map((keeps) => cell(outcomes[keeps])),
  ]);
  const sums = OUTCOMES.map((keeps) => {
    const sum = { runs: 0, failures: 0 };
    for (const { outcomes } of kinds) {
      sum.runs += outcomes[keeps].runs;
      sum.failures += outcomes[keeps].failures;
    }
    return cell(sum);
  });
  const points = kinds.reduce((sum, kind) => sum + kind.points, 0);
  return table(["boundary", "points", ...OUTCOMES], [...rows, ["all", points, ...sums]]);
}

/** A line that says it all, and where something failed what and how to repeat it. */
export function summaryOf(tally: Tally, isRepeatable: boolean): string {
  const count = (n: number): string => n.toLocaleString("en");
  const { options, points, runs, failures, unknown, first, firstUnknown, crashes, wallMs } = tally;
  const did =
    `${count(points.length)} points, ${count(runs)} runs, ${count(crashes)} losses of power, ` +
    `${(wallMs / 1000).toFixed(1)} s`;
  if (first !== null) {
    const { invariant, message, evidence } = first.violation!;
    return [
      `FAIL  ${count(failures)} of ${count(runs)} runs (${did})`,
      `first   point ${first.cut.point}: ${placeOf(tally, first)}`,
      `        ${invariant}: ${message}`,
      ...evidence.map((line) => `        ${line}`),
      ...(isRepeatable ? [] : ["        NOT REPEATABLE: run again, it came out another way"]),
      `repeat  ${repeatCommand(options, first)}`,
    ].join("\n");
  }
  if (firstUnknown !== null) {
    const why = `the checker ran out of memory or time in ${unknown} runs`;
    return `UNKNOWN  ${why} (${did})\nrepeat  ${repeatCommand(options, firstUnknown)}`;
  }
  return `PASS  ${did}: nothing acknowledged was lost, every invariant held`;
}
