import type { FsyncMode } from "../lib/fsync.ts";
import { type Problem, UserError } from "../lib/user-error.ts";
import type { Figure } from "../report/schema.ts";
import type { LoadShape } from "../workload/spec.ts";
import type { CaseAction } from "./actions.ts";
import {
  atLeastOne,
  checkFailoverCase,
  checkName,
  checkPlan,
  checkSuite,
  checkTimes,
} from "./check-suite.ts";
import type { SweepPlan } from "./sweep.ts";

export type { FsyncMode } from "../lib/fsync.ts";
export type { Figure, FigureGoal, FigureUnit } from "../report/schema.ts";
export type { LoadPart, LoadShape, LoadSpec, Mix } from "../workload/spec.ts";
export type { Act, CaseAction } from "./actions.ts";
export type { SweepPlan } from "./sweep.ts";

/** The cluster of a case; what is left out is as the target has it. */
export type CaseCluster = {
  readonly nodes: number;
  readonly storage: "disk" | "memory";
  /** When the nodes sync their logs; default: what the target does. */
  readonly fsync?: FsyncMode | undefined;
  /** Reads without a round of messages while the leader's lease lasts. */
  readonly leaseReads?: boolean;
  readonly timers?: { readonly electionMs: number; readonly heartbeatMs: number };
  readonly snapshotEveryBytes?: number;
};

/** One configuration of a load suite: its own cluster, its own row in the table. */
export type LoadCase = {
  /** Unique within the suite: `disk, 64 clients`. */
  readonly name: string;
  readonly cluster: CaseCluster;
  readonly load: LoadShape;
  /** So many keys, from the first, are put once, at full speed, before the warm-up. Default 0. */
  readonly preloadKeys?: number;
  /** What is done to the cluster meanwhile, in order of time. */
  readonly actions?: readonly CaseAction[];
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
  /** Why this machine cannot run it: a program that is missing; null, or absent: it can. */
  whyImpossible?(): string | null;
  /** Figures in the order of the table. A throw fails the suite: exit code 70. */
  run(context: FigureContext): Promise<readonly Figure[]>;
};

/** A case with the search for its highest rate. Its load is an open loop; `rate` is the search's. */
export type SweepCase = LoadCase & { readonly plan: SweepPlan };

/**
 * A suite that looks for the highest rate at which p99 is within a limit: every rate that is tried has
 * a cluster of its own, because one that was overloaded has not caught up yet.
 */
export type SweepSuite = Omit<LoadSuite, "kind" | "cases" | "runs"> & {
  readonly kind: "sweep";
  readonly cases: readonly SweepCase[];
};

export type FailoverCase = LoadCase & {
  /** Goal for the median time from SIGKILL to the first acknowledged write; a miss is marked. */
  readonly goalMs?: number;
};

/**
 * A suite that kills leaders, one after the other, on one cluster a case, and tells when it was
 * noticed, when a new one was elected, and when the first write was acknowledged.
 */
export type FailoverSuite = Omit<
  LoadSuite,
  "kind" | "cases" | "runs" | "warmupMs" | "measureMs"
> & {
  readonly kind: "failover";
  readonly cases: readonly FailoverCase[];
  readonly kills: number;
};

/** A suite that puts clusters under load, in whatever way. */
export type ClusterSuite = LoadSuite | SweepSuite | FailoverSuite;
export type Suite = ClusterSuite | FigureSuite;

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
  refuse(suite, [...checkSuite(suite), ...checkTimes(suite), ...atLeastOne("runs", suite.runs)]);
  return { kind: "load", ...suite };
}

/** Checks a suite when its module is loaded. Throws UserError that lists every problem. */
export function defineSweepSuite(suite: Omit<SweepSuite, "kind">): SweepSuite {
  refuse(suite, [...checkSuite(suite), ...checkTimes(suite), ...suite.cases.flatMap(checkPlan)]);
  return { kind: "sweep", ...suite };
}

/** Checks a suite when its module is loaded. Throws UserError that lists every problem. */
export function defineFailoverSuite(suite: Omit<FailoverSuite, "kind">): FailoverSuite {
  refuse(suite, [
    ...checkSuite(suite),
    ...atLeastOne("kills", suite.kills),
    ...suite.cases.flatMap(checkFailoverCase),
  ]);
  return { kind: "failover", ...suite };
}

function refuse({ name }: { readonly name: string }, problems: readonly Problem[]): void {
  if (problems.length > 0) throw new UserError(`bench suite "${name}" is not valid`, problems);
}
