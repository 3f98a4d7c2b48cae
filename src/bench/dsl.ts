import { type Problem, UserError } from "../lib/user-error.ts";
import type { LoadShape } from "../workload/spec.ts";

/** One configuration of a load suite: its own cluster, its own row in the table. */
export type LoadCase = {
  /** Unique within the suite: `disk, 64 clients`. */
  readonly name: string;
  readonly cluster: { readonly nodes: number; readonly storage: "disk" | "memory" };
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

/** One measured number. `goal` is what is aimed at, and decides nothing but a mark in the table. */
export type Figure = {
  /** Unique within the suite: `append + fdatasync of 4 KiB against the bare calls`. */
  readonly name: string;
  readonly value: number;
  readonly unit: "ratio" | "ns" | "µs" | "ms" | "s" | "/s" | "MiB" | "MiB/s" | "count";
  readonly goal: { readonly atMost: number } | { readonly atLeast: number } | null;
  /** How it came about, in a few words: sizes, counts, spread over the runs. */
  readonly note: string;
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

/** A suite that measures parts rather than a cluster under load; each in a fresh process. */
export type FigureSuite = {
  readonly kind: "figures";
  readonly name: string;
  readonly about: string;
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
export function defineLoadSuite(suite: Omit<LoadSuite, "kind">): LoadSuite {
  const problems: Problem[] = suite.cases.flatMap(checkCase);
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
