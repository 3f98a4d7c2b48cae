import type { FsyncMode } from "../lib/fsync.ts";
import { type Problem, UserError } from "../lib/user-error.ts";
import type { Figure } from "../report/schema.ts";
import type { LoadShape } from "../workload/spec.ts";

export type { Figure } from "../report/schema.ts";

/** One configuration of a load suite: its own cluster, its own row in the table. */
export type LoadCase = {
  /** Unique within the suite: `disk, 64 clients`. */
  readonly name: string;
  readonly cluster: {
    readonly nodes: number;
    readonly storage: "disk" | "memory";
    /** When the nodes sync their logs; default: what the target does. */
    readonly fsync?: FsyncMode | undefined;
  };
  readonly load: LoadShape;
};

/** A load suite: what a module in `bench/` exports by default. Data: it goes into the report. */
export type LoadSuite = {
  readonly kind: "load";
  /** kebab-case; the name of its module. */
  readonly name: string;
  /** What it measures and what the figures say: one or two sentences. */
  readonly about: string;
  readonly cases: readonly LoadCase[];
  /** Excluded from the figures. */
  readonly warmupMs: number;
  readonly measureMs: number;
  /** Separate runs of each case on fresh processes, data and ports; the median run is reported. */
  readonly runs: number;
};

export type FigureContext = {
  /** An empty directory on the disk to be measured, deleted afterwards. */
  readonly dir: string;
  readonly seed: number;
  /** A run that only shows that the suite works, with fewer and smaller samples. */
  readonly quick: boolean;
  /** Tells that a part begins, for the progress line. */
  progress(what: string): void;
};

/**
 * A suite that measures parts rather than a cluster under load: what a module in `bench/` exports by
 * default. It runs in a process of its own (`ordeal bench run`), so that no other suite has warmed,
 * or filled, what it measures. bench/measure.ts has what it is made of: loops, pairs, percentiles.
 */
export type FigureSuite = {
  readonly kind: "figures";
  /** kebab-case; the name of its module. */
  readonly name: string;
  /** What it measures and what the figures say: one or two sentences. */
  readonly about: string;
  /** Figures in the order of the table. A throw fails the suite: exit code 70. */
  run(context: FigureContext): Promise<readonly Figure[]>;
};

export type Suite = LoadSuite | FigureSuite;

/** The load of a case, unless it says otherwise: a closed loop of puts, uniform over 100,000 keys. */
export const PUT_LOAD = {
  rate: null,
  arrivals: "constant",
  keys: 100_000,
  keyDistribution: "uniform",
  valueBytes: 256,
  mix: { get: 0, put: 1, cas: 0, append: 0, delete: 0 },
  timeoutMs: 10_000,
  reads: "linearizable",
} as const satisfies Partial<LoadShape>;

/** Checks a suite when its module is loaded. Throws UserError that lists every problem. */
export function defineFigureSuite(suite: Omit<FigureSuite, "kind">): FigureSuite {
  const problems = checkName(suite);
  if (problems.length > 0)
    throw new UserError(`bench suite "${suite.name}" is not valid`, problems);
  return { kind: "figures", ...suite };
}

/**
 * A figure for the table. `note` says how it came about. Throws a RangeError when `value` is not
 * finite: that is a measurement gone wrong, and must not reach a report.
 */
export function figure(
  name: string,
  value: number,
  unit: Figure["unit"],
  { goal = null, note = "" }: Partial<Pick<Figure, "goal" | "note">> = {},
): Figure {
  if (!Number.isFinite(value)) throw new RangeError(`figure "${name}" is ${value}`);
  return { name, value, unit, goal, note };
}

/** What must hold of the figures that a suite gives back. Throws UserError. */
export function checkFigures(suite: string, figures: readonly Figure[]): readonly Figure[] {
  const names = figures.map(({ name }) => name);
  const twice = new Set(names.filter((name, i) => names.indexOf(name) !== i));
  const problems = [...twice].map((name) => ({
    where: "figures",
    what: `two are called "${name}"`,
    fix: "rename one",
  }));
  if (figures.length === 0) {
    problems.push({ where: "figures", what: "there is none", fix: "return at least one" });
  }
  if (problems.length > 0) throw new UserError(`bench suite "${suite}" is not valid`, problems);
  return figures;
}

/** Checks a suite when its module is loaded. Throws UserError that lists every problem. */
export function defineLoadSuite(suite: Omit<LoadSuite, "kind">): LoadSuite {
  const problems: Problem[] = [...checkName(suite), ...suite.cases.flatMap(checkCase)];
  const names = suite.cases.map((c) => c.name);
  for (const name of new Set(names.filter((n, i) => names.indexOf(n) !== i))) {
    problems.push({ where: "cases", what: `two are called "${name}"`, fix: "rename one" });
  }
  if (suite.cases.length === 0) {
    problems.push({ where: "cases", what: "there is none", fix: "give at least one" });
  }
  if (suite.runs < 1 || !Number.isInteger(suite.runs)) {
    problems.push({ where: "runs", what: `is ${suite.runs}`, fix: "use 1 or more" });
  }
  if (problems.length > 0)
    throw new UserError(`bench suite "${suite.name}" is not valid`, problems);
  return { kind: "load", ...suite };
}

function checkName({ name }: { readonly name: string }): Problem[] {
  if (/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) return [];
  const fix = "use small letters, digits and single hyphens, as in the name of its file";
  return [{ where: "name", what: `"${name}" is not kebab-case`, fix }];
}

function checkCase({ name, cluster, load }: LoadCase): Problem[] {
  const problems: Problem[] = [];
  const { get, put, cas, append, delete: remove } = load.mix;
  const sum = get + put + cas + append + remove;
  if (Math.abs(sum - 1) > 1e-9) {
    const what = `shares add up to ${sum}, not 1`;
    problems.push({ where: `case "${name}", mix`, what, fix: "make them add up to 1" });
  }
  if (load.connections > load.clients) {
    const what = `${load.connections} connections for ${load.clients} clients`;
    problems.push({ where: `case "${name}", connections`, what, fix: "use at most one a client" });
  }
  if (cluster.nodes < 1 || cluster.nodes > 9) {
    const what = `${cluster.nodes} nodes`;
    problems.push({ where: `case "${name}", cluster`, what, fix: "use 1 to 9" });
  }
  return problems;
}
