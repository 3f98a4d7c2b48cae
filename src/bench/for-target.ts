import type { Capability, Target } from "../target/target.ts";
import type { FsyncMode } from "../lib/fsync.ts";
import type { Act } from "./actions.ts";
import type { ClusterSuite, LoadCase, LoadSuite, Suite } from "./dsl.ts";

/** A suite for a target: the cases that it can run, with no more nodes than it has. */
export type SuiteForTarget<S extends ClusterSuite = LoadSuite> = {
  readonly suite: S;
  /** Why each other case is left out: `memory, 64 clients: redis cannot do "memory": …`. */
  readonly skipped: readonly string[];
};

const NEEDS: Readonly<Record<Act, readonly Capability[]>> = {
  "crash leader": ["crash", "failover"],
  "crash all": ["crash"],
  restart: ["crash"],
  snapshot: ["orders"],
};

export function suiteFor<S extends ClusterSuite>(target: Target, suite: S): SuiteForTarget<S> {
  const skipped: string[] = [];
  const always: readonly Capability[] = suite.kind === "failover" ? ["crash", "failover"] : [];
  const cases = (suite.cases as readonly LoadCase[]).flatMap((loadCase): LoadCase[] => {
    const why = whyImpossible(target, [...always, ...neededBy(loadCase)]);
    if (why !== null) skipped.push(`${loadCase.name}: ${why}`);
    const { cluster } = loadCase;
    const nodes = Math.min(cluster.nodes, target.nodesMax ?? cluster.nodes);
    return why === null ? [{ ...loadCase, cluster: { ...cluster, nodes } }] : [];
  });
  return { suite: { ...suite, cases }, skipped };
}

/** Why a suite has nothing to run on these systems with these flags; null: it has. */
export function whySuiteImpossible(
  targets: readonly Target[],
  suite: Suite,
  flags: { readonly fsync: FsyncMode | undefined; readonly against: boolean },
): string | null {
  if (suite.kind === "figures") {
    if (targets.length > 1 || targets[0]?.name !== "ordeal") return "it measures parts of Ordeal";
    if (flags.fsync !== undefined) return "it starts no cluster, whatever --fsync says";
    return suite.whyImpossible?.() ?? null;
  }
  if (flags.against && suite.kind !== "load") return "it runs on one system at a time";
  const isOnDisk = suite.cases.some(({ cluster }) => cluster.storage === "disk");
  if (flags.fsync !== undefined && !isOnDisk) return "all of it is in memory";
  const hindrances = targets.flatMap((target) => {
    const { suite: left, skipped } = suiteFor(target, suite);
    return left.cases.length > 0 ? [] : [skipped.join("; ")];
  });
  return hindrances[0] ?? null;
}

function neededBy({ cluster, load, actions = [] }: LoadCase): readonly Capability[] {
  const { cas, append, delete: remove, rmw = 0, scan = 0 } = load.mix;
  const when = (holds: boolean, capability: Capability): readonly Capability[] =>
    holds ? [capability] : [];
  return [
    ...when(cluster.storage === "memory" || cluster.fsync === "never", "memory"),
    ...when(cas > 0 || rmw > 0, "versioned-put"),
    ...when(append > 0, "append"),
    ...when(remove > 0, "delete"),
    ...when(scan > 0, "scan"),
    ...when(cluster.leaseReads === true || cluster.snapshotEveryBytes !== undefined, "orders"),
    ...when(cluster.timers !== undefined, "timers"),
    ...actions.flatMap(({ act }) => NEEDS[act]),
  ];
}

function whyImpossible({ name, can }: Target, needed: readonly Capability[]): string | null {
  const lacking = needed.find((capability) => can[capability] !== true);
  return lacking === undefined ? null : `${name} cannot do "${lacking}": ${can[lacking]}`;
}
