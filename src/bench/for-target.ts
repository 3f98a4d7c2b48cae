import type { Target } from "../target/target.ts";
import type { LoadCase, LoadSuite } from "./dsl.ts";

/** A suite for a target: the cases that it can run, with no more nodes than it has. */
export type SuiteForTarget = {
  readonly suite: LoadSuite;
  /** Why each other case is left out: `memory, 64 clients: redis cannot do "memory": …`. */
  readonly skipped: readonly string[];
};

export function suiteFor(target: Target, suite: LoadSuite): SuiteForTarget {
  const skipped: string[] = [];
  const cases = suite.cases.flatMap((loadCase): LoadCase[] => {
    const why = whyImpossible(target, loadCase);
    if (why !== null) skipped.push(`${loadCase.name}: ${why}`);
    const { cluster } = loadCase;
    const nodes = Math.min(cluster.nodes, target.nodesMax ?? cluster.nodes);
    return why === null ? [{ ...loadCase, cluster: { ...cluster, nodes } }] : [];
  });
  return { suite: { ...suite, cases }, skipped };
}

function whyImpossible({ name, can }: Target, { cluster, load }: LoadCase): string | null {
  const needed = [
    ...(cluster.storage === "memory" || cluster.fsync === "never" ? (["memory"] as const) : []),
    ...(load.mix.cas > 0 ? (["versioned-put"] as const) : []),
    ...(load.mix.append > 0 ? (["append"] as const) : []),
    ...(load.mix.delete > 0 ? (["delete"] as const) : []),
  ].find((capability) => can[capability] !== true);
  return needed === undefined ? null : `${name} cannot do "${needed}": ${can[needed]}`;
}
