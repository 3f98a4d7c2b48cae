import { rm } from "node:fs/promises";
import type { ClusterSuite, LoadCase } from "../../bench/dsl.ts";
import { suiteFor } from "../../bench/for-target.ts";
import type { Found, LoadWatch, SuiteOptions } from "../../bench/load.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Check, Figure, Report } from "../../report/schema.ts";
import type { Target } from "../../target/target.ts";
import type { LoadResult, LoadSpec } from "../../workload/spec.ts";
import { startGenerator } from "../generator.ts";
import { findTarget } from "../targets.ts";
import type { BenchRun, RunArgs } from "./run.ts";

/** What the suites that put clusters under load have in common when they run. */
export type Prepared<S extends ClusterSuite> = {
  readonly target: Target;
  /** The cases that the target can do. */
  readonly suite: S;
  readonly options: SuiteOptions;
  /** What the runs show besides their figures; grows while they run. */
  readonly checks: Check[];
  readonly figures: Figure[];
  /** Removes what is left of the clusters. */
  readonly clear: () => Promise<void>;
};

/** Throws UserError when the target can do none of the cases. */
export async function prepare<S extends ClusterSuite>(
  wanted: S,
  run: BenchRun,
  args: RunArgs,
): Promise<Prepared<S>> {
  const work = `${run.dir}/work`;
  const target = await findTarget(args.target);
  const { suite, skipped } = suiteFor(target, wanted);
  for (const why of skipped) console.error(`  skipped ${why}`);
  if (suite.cases.length === 0) throw nothingLeft(target, wanted, skipped);
  const checks: Check[] = [];
  const figures: Figure[] = [];
  const removeDir = (path: string): Promise<void> => rm(path, { recursive: true, force: true });
  const options: SuiteOptions = {
    ...{ seed: args.seed, quick: args.quick, workDir: work, runLoad: runGenerator, removeDir },
    onCase: (name, n) => console.error(`  ${name}${n > 1 ? `, ${n}` : ""} …`),
    onFound: (found: Found) => {
      checks.push(...found.checks);
      figures.push(...found.figures);
    },
  };
  return { target, suite, options, checks, figures, clear: () => removeDir(work) };
}

/** One load in a generator process of its own, for as long as its spec says. */
export async function runGenerator(spec: LoadSpec, watch: LoadWatch = {}): Promise<LoadResult> {
  const load = await startGenerator(spec, (tick) => watch.onTick?.(tick));
  try {
    watch.onBegun?.();
    return await load.done;
  } finally {
    await load.kill();
  }
}

/** The system under load, as the report names it: of all cases together. */
export function targetOf(target: Target, cases: readonly LoadCase[]): Report["target"] {
  const clusters = cases.map(({ cluster }) => cluster);
  return {
    name: target.name,
    version: target.version,
    nodes: Math.max(...clusters.map(({ nodes }) => nodes)),
    storage: [...new Set(clusters.map(({ storage }) => storage))].join(", "),
    fsync: clusters.find(({ fsync }) => fsync !== undefined)?.fsync,
  };
}

function nothingLeft(target: Target, { name }: ClusterSuite, skipped: readonly string[]) {
  const fix = "choose another suite or target";
  const problems = skipped.map((what) => ({ where: `target ${target.name}`, what, fix }));
  return new UserError(`suite "${name}" cannot run`, problems);
}
