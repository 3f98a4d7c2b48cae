import { defineScenario } from "./dsl.ts";
import type { FsyncMode } from "../lib/fsync.ts";
import { UserError } from "../lib/user-error.ts";
import type { Scenario } from "./scenario.ts";

/** Below this, elections and restarts take longer than the faults are apart. */
const DURATION_MIN_MS = 1_000;

/** What a person may change about a scenario for one run; absent: as the scenario says. */
export type Changes = {
  readonly nodes?: number | undefined;
  readonly clients?: number | undefined;
  /** Operations a second; 0: a closed loop, as fast as the clients get answers. */
  readonly rate?: number | undefined;
  readonly fsync?: FsyncMode | undefined;
};

/** The scenario with the changes. Throws UserError when they do not fit it. */
export function withChanges(
  scenario: Scenario,
  { nodes, clients, rate, fsync }: Changes,
): Scenario {
  const { workload } = scenario;
  const many = clients ?? workload.clients;
  const cluster = nodes === undefined ? scenario.cluster : resized(scenario.cluster, nodes);
  return defineScenario({
    ...scenario,
    cluster: { ...cluster, ...(fsync && { fsync }) },
    workload: {
      ...workload,
      clients: many,
      connections: Math.min(workload.connections, many),
      rate: rate === undefined ? workload.rate : rate === 0 ? null : rate,
    },
  });
}

/** The flags that bring the changes about: ` --nodes 3 --rate 0`. */
export const changesAsFlags = (changes: Changes): string =>
  (["nodes", "clients", "rate", "fsync"] as const)
    .flatMap((name) => (changes[name] === undefined ? [] : [` --${name} ${changes[name]}`]))
    .join("");

/** A duration as a flag: `10s`, `1500ms`. */
export const durationAsFlag = (ms: number): string =>
  ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;

/** `ms`, if a run can last that long. Throws UserError. */
export function checkDuration(ms: number): number {
  if (ms >= DURATION_MIN_MS) return ms;
  const what = `${ms} ms are too short for faults to act and a cluster to recover`;
  throw new UserError("bad duration", [{ where: "--duration", what, fix: "give 1s or more" }]);
}

/** With more nodes there are so many fewer spares: the faults name nodes by their numbers. */
function resized(cluster: Scenario["cluster"], nodes: number): Scenario["cluster"] {
  const { spares } = cluster;
  if (spares === undefined) return { ...cluster, nodes };
  return { ...cluster, nodes, spares: Math.max(0, cluster.nodes + spares - nodes) };
}
