import { AGREEMENT } from "./agreement.ts";
import { BACKUP } from "./backup.ts";
import { CHURN } from "./churn.ts";
import { ELECTIONS } from "./elections.ts";
import { FIGURE8 } from "./figure8.ts";
import { KV_ALONE } from "./kv-alone.ts";
import { KV_MATRIX } from "./kv-matrix.ts";
import { PERSISTENCE } from "./persistence.ts";
import { REPAIRED } from "./repaired.ts";
import { SNAPSHOTTING } from "./snapshots.ts";
import { SUBMITTING } from "./submit.ts";
import { UNDER_LOAD } from "./under-load.ts";
import { SHARD_LABS } from "../shards/labs/labs.ts";
import { runShardLab } from "../shards/labs/run.ts";
import type { ShardLabScenario } from "../shards/labs/scenario.ts";
import { type LabResult, runLab } from "./run.ts";
import { fullName, type LabScenario } from "./scenario.ts";

/** Of one group of servers, or of a sharded cluster. */
export type AnyLab = LabScenario | ShardLabScenario;

/** Every scenario of one group, in the order of the labs. */
export const LABS: readonly LabScenario[] = [
  ...ELECTIONS,
  ...AGREEMENT,
  ...BACKUP,
  ...PERSISTENCE,
  ...FIGURE8,
  ...CHURN,
  ...SNAPSHOTTING,
  ...SUBMITTING,
  ...[...KV_ALONE, ...KV_MATRIX].toSorted((a, b) => a.lab.localeCompare(b.lab)),
  ...REPAIRED,
  ...UNDER_LOAD,
];

/** Those of sharded clusters as well. */
export const ALL: readonly AnyLab[] = [...LABS, ...SHARD_LABS];

export const runAny = (scenario: AnyLab, seed: number): LabResult =>
  "groups" in scenario ? runShardLab(scenario, seed) : runLab(scenario, seed);

/** Stands for all of them. */
export const ALL_LABS = "mit";

/**
 * The scenarios that `name` stands for: all (`mit`), those of a lab (`3B`), or one (`3B/Backup`, or
 * `Backup` for each of that name). None: there is no such name.
 */
export function findLabs(name: string): readonly AnyLab[] {
  if (name === ALL_LABS) return ALL;
  return ALL.filter((scenario) =>
    [scenario.lab, scenario.name, fullName(scenario)].some((known) => known === name),
  );
}
