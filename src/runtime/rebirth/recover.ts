import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../lib/user-error.ts";
import { lockDirectory } from "../dir-lock.ts";
import { diskPort } from "../disk.ts";
import type { Sharding } from "../sharding.ts";
import { newBeginning, newClusterId, type NewGroup, piecesOf, writeNewNodes } from "./new-life.ts";
import { type LostShard, type OldGroupReport, planShards, type ShardsPlan } from "./old-shards.ts";
import { type OldGroup, type OldState, readOldState } from "./old-state.ts";

export type Recovered = Pick<OldGroup, "lastIndex" | "snapshotIndex"> & {
  readonly oldClusterId: string;
  readonly clusterId: string;
  readonly keys: number;
  /** Where the data are as they were. */
  readonly keptDir: string;
  /** Null: the cluster is not sharded. What is above is of group 1 then, but for `keys`. */
  readonly sharded:
    | (Pick<ShardsPlan, "sharding" | "lost"> & {
        readonly groups: readonly OldGroupReport[];
      })
    | null;
};

export type RecoverOptions = {
  /** Of the cluster, if it is sharded. */
  readonly sharding?: Sharding | undefined;
  /** Shards of which the node has nothing begin empty; else they keep it from being recovered. */
  readonly mayLoseShards?: boolean;
};

/**
 * Makes of the data of node `id` in `dataDir` those of the only member of a new cluster: all that its log
 * holds counts as committed (old-state.ts), in each group that it hosts. The data as they were stay beside, in
 * `keptDir`; an error before the very end leaves them in their place. Throws UserError when a process uses
 * the directory, nothing can be recovered, or shards would be lost; StorageError when the data are damaged.
 */
export async function recoverNode(
  dataDir: string,
  id: number,
  { sharding, mayLoseShards = false }: RecoverOptions = {},
): Promise<Recovered> {
  const dir = join(dataDir, `node-${id}`);
  const port = diskPort();
  const unfinished = `${dir}.recovering`;
  if (!existsSync(dir)) throw missing(dir);
  const lock = lockDirectory(dir);
  try {
    const old = readOldState(port, dir, id, sharding);
    const plan = old.kind === "whole" ? null : planShards(old, id);
    if (plan !== null) refuseLosses(dir, plan, mayLoseShards);
    const clusterId = newClusterId(old.clusterId);
    rmSync(unfinished, { recursive: true, force: true });
    const groups = old.kind === "whole" ? [wholeGroup(old, id)] : plan!.groups;
    await writeNewNodes([{ port, dir: unfinished, clusterId, id }], groups);
    const keptDir = `${dir}.before-${clusterId.slice(-8)}`;
    renameSync(dir, keptDir);
    renameSync(unfinished, dir);
    port.syncDirNow(dataDir);
    const { lastIndex, snapshotIndex } = old.first;
    const names = { oldClusterId: old.clusterId, clusterId, keptDir };
    return { lastIndex, snapshotIndex, ...names, ...found(old, plan) };
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
    lock.release();
  }
}

const wholeGroup = (
  { first, machine }: Extract<OldState, { readonly kind: "whole" }>,
  id: number,
): NewGroup => ({
  group: first.group,
  meta: newBeginning(first, [id]),
  state: () => piecesOf(machine),
});

function found(old: OldState, plan: ShardsPlan | null): Pick<Recovered, "keys" | "sharded"> {
  if (old.kind === "whole") return { keys: old.machine.store.size, sharded: null };
  const { sharding, lost, reports: groups } = plan!;
  const keys = groups.reduce((sum, one) => sum + one.keys, 0);
  return { keys, sharded: { sharding, lost, groups } };
}

function refuseLosses(dir: string, { groups, lost }: ShardsPlan, mayLoseShards: boolean): void {
  if (lost.length === 0) return;
  const owners = [...new Set(lost.map(({ group }) => group))];
  const problems = owners.map((owner) => {
    const ofOwner = lost.filter(({ group }) => group === owner);
    return {
      where: dir,
      what: `there is nothing of ${shardsText(ofOwner)}: ${ownerText(ofOwner[0]!)}`,
      fix: "name a survivor that has them; or, to go on without their keys, add --yes-i-lose-shards",
    };
  });
  // Only the controller is left: that is no survivor.
  if (groups.length === 1) {
    const fix = "name a node that had groups of shards, or restore a backup";
    throw new UserError(
      "nothing can be recovered",
      problems.map((problem) => ({ ...problem, fix })),
    );
  }
  if (!mayLoseShards) throw new UserError("nothing was changed: shards would be lost", problems);
}

/** `shard 3`, `shards 3, 4`. */
export const shardsText = (of: readonly Pick<LostShard, "shard">[]): string =>
  `shard${of.length === 1 ? "" : "s"} ${of.map(({ shard }) => shard).join(", ")}`;

const ownerText = ({ group, nodes }: LostShard): string =>
  nodes.length === 0
    ? "the last config does not say who had them"
    : `group ${group} had them, on nodes ${nodes.join(", ")}`;

function missing(where: string): UserError {
  const fix = `name a node whose data are there; after a recovery that was broken off, rename ${where}.before-… back`;
  return new UserError("nothing can be recovered", [
    { where, what: "there is no such directory", fix },
  ]);
}
