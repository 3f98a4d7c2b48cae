import { SHARDS_MAX } from "../kv/shard-config.ts";
import type { Fault } from "../fault/vocabulary.ts";
import type { Problem } from "../lib/user-error.ts";
import { faultsOf, type Scenario } from "./scenario.ts";
import type { Sharded } from "../target/target.ts";

/** What `--sharded` makes of a scenario that says nothing of shards. */
export const SHARDED_DEFAULT = { shards: 12, groups: 4, replicas: 3 } as const satisfies Sharded;

/** More would say nothing that these do not, and take minutes to start. */
const GROUPS_MAX = 64;

/** Nodes of one group cannot be replaced, nor its members changed: what of a scenario needs that. */
const ONE_GROUP_ONLY: ReadonlySet<Fault["kind"]> = new Set<Fault["kind"]>([
  "membership",
  "wipe",
  "bitFlip",
]);

/** Why a scenario cannot be played on a sharded cluster, a line each; none: it can. */
export function whyNotSharded({ cluster, faults }: Scenario): readonly string[] {
  const kinds = new Set(faults.flatMap(faultsOf).map(({ kind }) => kind));
  const unfit = [...kinds].filter((kind) => ONE_GROUP_ONLY.has(kind));
  return [
    ...unfit.map((kind) => `"${kind}" changes the members of one group only`),
    ...((cluster.spares ?? 0) > 0 ? ["spare nodes would be members of no group"] : []),
  ];
}

/** What is wrong with what a scenario says of shards. */
export function shardProblems(scenario: Scenario, faults: readonly Fault[]): Problem[] {
  const { nodes, sharded } = scenario.cluster;
  if (sharded === undefined) return faults.flatMap(unshardedProblems);
  const problems: Problem[] = whyNotSharded(scenario).map((what) => ({
    where: "cluster.sharded",
    ...{ what, fix: "leave out one of the two" },
  }));
  const within = (name: keyof Sharded, min: number, max: number): void => {
    const value = sharded[name] ?? 0;
    if (Number.isInteger(value) && value >= min && value <= max) return;
    const fix = `use a whole number from ${min} to ${max}`;
    problems.push({ where: `cluster.sharded.${name}`, what: `is ${value}`, fix });
  };
  within("shards", 1, SHARDS_MAX);
  within("groups", 1, GROUPS_MAX);
  within("replicas", 1, nodes);
  within("idleGroups", 0, GROUPS_MAX);
  return problems;
}

function unshardedProblems(fault: Fault): readonly Problem[] {
  const isOfShards =
    fault.kind === "reshard" || ("nodes" in fault && fault.nodes.kind === "leaderOf");
  if (!isOfShards) return [];
  const fix = "add cluster.sharded: { shards: 12, groups: 4, replicas: 3 }";
  const what = `a "${fault.kind}" fault is about groups of shards, and there are none`;
  return [{ where: "faults", what, fix }];
}
