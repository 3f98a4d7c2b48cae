import { median } from "../lib/stats.ts";
import { Prng } from "../lib/prng.ts";
import { UserError } from "../lib/user-error.ts";
import { ratioWithInterval } from "../report/compare/ratio.ts";
import type {
  Against,
  AgainstArm,
  AgainstCase,
  AgainstFigures,
  RatioInterval,
} from "../report/schema.ts";
import type { Target, Terms } from "../target/target.ts";
import type { LoadResult } from "../workload/spec.ts";
import type { LoadCase, LoadSuite } from "./dsl.ts";
import { suiteFor } from "./for-target.ts";
import { medianRun, runCase, type SuiteOptions } from "./load.ts";

export type Pair<T> = readonly [T, T];

/** A system that is set against another. */
export type Opponent = {
  /** Its name; with an A or B of the same system twice, which shows what chance does. */
  readonly label: string;
  readonly target: Target;
  readonly terms: Terms;
};

/** Throws UserError for a system that does not say on what terms it acknowledges. */
export function opponents(first: Target, second: Target): Pair<Opponent> {
  const isSame = first.name === second.name;
  const opponent = (target: Target, mark: string): Opponent => {
    const { name, terms } = target;
    if (terms !== undefined) return { label: isSame ? `${name} ${mark}` : name, target, terms };
    const fix = "choose another target";
    const what = `${name} does not say how durable its acknowledged writes are`;
    throw new UserError("nothing to compare", [{ where: "--target, --against", what, fix }]);
  };
  return [opponent(first, "A"), opponent(second, "B")];
}

/** What both systems are to do; an arm may have fewer nodes than the other. */
export type Contest = {
  readonly cases: readonly Pair<LoadCase>[];
  readonly skipped: readonly string[];
};

/** The cases of a suite that both can do, and why each other one is left out. */
export function contestOf(arms: Pair<Opponent>, suite: LoadSuite): Contest {
  const [first, second] = [suiteFor(arms[0].target, suite), suiteFor(arms[1].target, suite)];
  const cases = first.suite.cases.flatMap((mine): Pair<LoadCase>[] => {
    const theirs = second.suite.cases.find(({ name }) => name === mine.name);
    return theirs === undefined ? [] : [[mine, theirs]];
  });
  return { cases, skipped: [...new Set([...first.skipped, ...second.skipped])] };
}

/**
 * Which arm goes first in each pair: 0 1 0 … or 1 0 1 …, so that the runs read A B B A A B, and
 * whatever changes slowly falls on both arms alike.
 */
export const firstArms = (pairs: number, start: 0 | 1): readonly (0 | 1)[] =>
  Array.from({ length: pairs }, (_, i) => ((start + i) % 2) as 0 | 1);

/** One case of both arms, its runs in the order of the pairs. */
export type ContestResult = {
  readonly cases: Pair<LoadCase>;
  readonly runs: Pair<readonly LoadResult[]>;
};

export type ContestOptions = SuiteOptions & { readonly pairs: number };

/**
 * Runs every case on both systems, in pairs: each run on a fresh cluster, the arms in turns, the
 * first one by `seed`. Both runs of a pair have the same load from the same seed. Pairs go around
 * the cases, so that a slow minute does not fall on one of them.
 */
export async function runContest(
  arms: Pair<Opponent>,
  suite: LoadSuite,
  { cases }: Contest,
  options: ContestOptions,
): Promise<readonly ContestResult[]> {
  const prng = new Prng(options.seed).fork("first arms");
  const orders = cases.map(() => firstArms(options.pairs, prng.below(2) as 0 | 1));
  const runs = cases.map((): Pair<LoadResult[]> => [[], []]);
  for (let pair = 1; pair <= options.pairs; pair++) {
    for (const [i, both] of cases.entries()) {
      const first = orders[i]![pair - 1]!;
      for (const arm of [first, 1 - first] as (0 | 1)[]) {
        const { label, target } = arms[arm];
        options.onCase(`${both[arm].name}, ${label}`, pair);
        const own = { ...options, workDir: `${options.workDir}/arm-${arm}` };
        runs[i]![arm].push(await runCase(target, suite, both[arm], pair, own));
      }
    }
  }
  return cases.map((both, i) => ({ cases: both, runs: runs[i]! }));
}

/** What the report says of it. */
export function againstOf(
  arms: Pair<Opponent>,
  contest: Contest,
  results: readonly ContestResult[],
  pairs: number,
): Against {
  const told = ({ label, target, terms }: Opponent): AgainstArm => ({
    name: label,
    version: target.version,
    client: terms.client,
  });
  return {
    pairs,
    arms: [told(arms[0]), told(arms[1])],
    cases: results.map((result) => caseOf(arms, result)),
    skipped: contest.skipped,
  };
}

const NO_RATIO: RatioInterval = { ratio: null, low: null, high: null, confidence: 0, pairs: [] };

function caseOf(arms: Pair<Opponent>, { cases, runs }: ContestResult): AgainstCase {
  const ratio = (of: (run: LoadResult) => number): RatioInterval => {
    const [first, second] = [runs[0].map(of), runs[1].map(of)];
    const isSomething = [...first, ...second].every((value) => value > 0);
    return isSomething ? ratioWithInterval(first, second) : NO_RATIO;
  };
  return {
    name: cases[0].name,
    arms: [figuresOf(arms[0], cases[0], runs[0]), figuresOf(arms[1], cases[1], runs[1])],
    ratio: {
      throughput: ratio((run) => run.throughput),
      p50: ratio((run) => run.response.p50),
      p99: ratio((run) => run.response.p99),
    },
  };
}

function figuresOf(
  { terms }: Opponent,
  { cluster }: LoadCase,
  runs: readonly LoadResult[],
): AgainstFigures {
  const middle = (of: (run: LoadResult) => number): number => median(runs.map(of));
  return {
    nodes: cluster.nodes,
    durability: terms.durability(cluster),
    throughput: middle((run) => run.throughput),
    p50Us: middle((run) => run.response.p50),
    p99Us: middle((run) => run.response.p99),
    notOk: runs.reduce((sum, { counts }) => sum + counts.fail + counts.info, 0),
    generatorCpu: Math.max(...runs.map((run) => run.cpu)),
  };
}

/** The run of median throughput of each arm of each case, for the report's curves. */
export const loadsOf = (
  arms: Pair<Opponent>,
  results: readonly ContestResult[],
): { readonly name: string; readonly result: LoadResult }[] =>
  results.flatMap(({ cases, runs }) =>
    ([0, 1] as const).map((arm) => ({
      name: `${cases[arm].name}, ${arms[arm].label}`,
      result: medianRun(runs[arm]),
    })),
  );
