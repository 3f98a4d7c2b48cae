import { statSync } from "node:fs";
import * as v from "valibot";
import { NO_GROUP, type ShardConfig, SHARDS_MAX } from "../../kv/shard-config.ts";
import { ShardController } from "../../kv/shard-controller.ts";
import { ShardKv } from "../../kv/shard-kv.ts";
import { type FoundShard, unrest } from "../../kv/shards-reborn.ts";
import { GROUP_1 } from "../../lib/ids.ts";
import {
  attempt,
  beginsWith,
  checkFound,
  damaged,
  HEAD_BYTES,
  headOf,
  loadSnapshot,
  readHead,
  writeAll,
} from "./backup-bytes.ts";
import { type BackupSource, SNAPSHOT_META, writeSnapshot, writeWhole } from "./backup-file.ts";

/**
 * A backup of a sharded cluster: one file, a head with ShardedMeta and then a part a group, the shard controller's
 * first, each a head with PartMeta and a snapshot (backup-bytes.ts). The config is the newest that the controller's
 * part holds, and every other part is of a moment at which its group had come to that one and was at rest
 * (kv/shards-reborn.ts: unrest).
 */
const MAGIC = "ordeal-backup 2\n";
const PART_MAGIC = "ordeal-backup 2, group\n";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
/** Drawn for each backup, so that parts of two are not taken for those of one. */
const backup = v.pipe(v.string(), v.regex(/^[0-9a-f]{8}$/));
const { clusterId, takenAt } = SNAPSHOT_META;
const Meta = v.strictObject({
  ...{ clusterId, takenAt, backup },
  /** Into how many the keys are divided, by which config they have their groups, and how many groups of shards there are. */
  shards: v.pipe(count, v.minValue(1), v.maxValue(SHARDS_MAX)),
  config: count,
  groups: count,
  keys: count,
  sessions: count,
  /** Of all parts. */
  bytes: count,
});
export type ShardedMeta = v.InferOutput<typeof Meta>;
const PartMeta = v.strictObject({ backup, group: count, ...SNAPSHOT_META });
export type PartMeta = v.InferOutput<typeof PartMeta>;

/** Gives the snapshot of a group, at rest at config `num`; a string says what is under way there. */
export type GroupSource = (
  group: { readonly id: number; readonly nodes: readonly number[] | null },
  num: number | null,
) => Promise<BackupSource | string>;

export type ShardedBackup = {
  readonly meta: ShardedMeta;
  readonly config: ShardConfig;
  /** The controller's first. */
  readonly parts: readonly PartMeta[];
  /** Loads the shards of a group, whose part must be one of `parts`. */
  readonly load: (group: number) => ReadonlyMap<number, Pick<FoundShard, "store">>;
};

/** Thrown while a backup is taken: shards move, and what was written so far does not belong together. */
export class ShardsMove extends Error {
  override readonly name = "ShardsMove";
}

/** Whether the file is a backup of a sharded cluster. Throws UserError when it cannot be read. */
export const isSharded = (path: string): boolean => beginsWith(path, MAGIC);

/**
 * Writes a backup of the groups, one after the other, as writeBackup does. Rejects with ShardsMove when shards move
 * meanwhile, and else as writeBackup does; nothing is left then.
 */
export function writeShardedBackup(
  path: string,
  shards: number,
  source: GroupSource,
): Promise<ShardedMeta> {
  const id = crypto.getRandomValues(new Uint32Array(1))[0]!.toString(16).padStart(8, "0");
  const own = { backup: id, takenAt: new Date().toISOString() };
  return writeWhole(path, async (file, partial) => {
    let at = HEAD_BYTES;
    let clusterOf = "";
    const sum = { keys: 0, sessions: 0 };
    const take = async (
      group: Parameters<GroupSource>[0],
      num: number | null,
      machine: ShardController | ShardKv,
    ): Promise<void> => {
      const from = await source(group, num);
      if (typeof from === "string") throw new ShardsMove(from);
      const bytes = await writeSnapshot(file, from.snapshot, at + HEAD_BYTES);
      const found = loadSnapshot(partial, at + HEAD_BYTES, bytes, machine);
      const { node, version } = from;
      const meta = { ...own, group: group.id, node, version, ...found, ...sizeOf(machine) };
      await writeAll(file, headOf(PART_MAGIC, meta), at);
      at += HEAD_BYTES + bytes;
      clusterOf = meta.clusterId;
      sum.keys += meta.keys;
      sum.sessions += meta.sessions;
    };
    const controller = new ShardController(shards);
    await take({ id: GROUP_1, nodes: null }, null, controller);
    const { config } = controller;
    const problem = homeless(config);
    if (problem !== null) throw new ShardsMove(problem);
    for (const group of config.groups) {
      const machine = new ShardKv(group.id, shards, 0);
      await take(group, config.num, machine);
      const moving = unrest(machine.report(), config.num);
      if (moving !== null) throw new ShardsMove(moving);
    }
    const meta = {
      ...{ ...own, clusterId: clusterOf, shards, config: config.num },
      ...{ groups: config.groups.length, ...sum, bytes: at - HEAD_BYTES },
    };
    await writeAll(file, headOf(MAGIC, meta), 0);
    return () => readShardedBackup(partial).meta;
  });
}

/**
 * Reads such a backup to its end and checks every byte of it, and that each shard is there once. One group after the other
 * is loaded for that, and dropped. Throws UserError that says what is wrong, and where.
 */
export function readShardedBackup(path: string): ShardedBackup {
  const meta = readHead(path, 0, MAGIC, Meta);
  const { shards } = meta;
  const controller = new ShardController(shards);
  const places = new Map<number, Place>();
  let at = HEAD_BYTES;
  const sum = { keys: 0, sessions: 0 };
  const read = (group: number, machine: ShardController | ShardKv): void => {
    const part = readHead(path, at, PART_MAGIC, PartMeta);
    if (part.backup !== meta.backup || part.clusterId !== meta.clusterId || part.group !== group) {
      const what = `group ${group} of backup ${meta.backup} belongs here, and group ${part.group} of backup ${part.backup} is`;
      throw damaged(path, `at offset ${at}: ${what}`);
    }
    const place = { at: at + HEAD_BYTES, part };
    loadPart(path, place, machine);
    places.set(group, place);
    at = place.at + part.bytes;
    sum.keys += part.keys;
    sum.sessions += part.sessions;
  };
  read(GROUP_1, controller);
  const { config } = controller;
  for (const { id } of config.groups) {
    const machine = new ShardKv(id, shards, 0);
    read(id, machine);
    checkShards(path, id, machine, config);
  }
  const size = attempt(path, () => statSync(path).size);
  if (size > at) throw damaged(path, `at offset ${at}: ${size - at} bytes after its end`);
  checkFound(path, meta, { config: config.num, groups: config.groups.length, ...sum });
  checkFound(path, meta, { bytes: at - HEAD_BYTES });
  const load: ShardedBackup["load"] = (group) => {
    const machine = new ShardKv(group, shards, 0);
    loadPart(path, places.get(group)!, machine);
    return new Map([...servedBy(machine)].map((copy) => [copy.shard, copy]));
  };
  return { meta, config, parts: [...places.values()].map(({ part }) => part), load };
}

type Place = { readonly at: number; readonly part: PartMeta };

function loadPart(path: string, { at, part }: Place, machine: ShardController | ShardKv): void {
  const found = loadSnapshot(path, at, part.bytes, machine);
  checkFound(path, part, { ...found, ...sizeOf(machine) });
}

function checkShards(path: string, group: number, machine: ShardKv, config: ShardConfig): void {
  const moving = unrest(machine.report(), config.num);
  if (moving !== null) throw damaged(path, moving);
  const own = new Set([...servedBy(machine)].map(({ shard }) => shard));
  const absent = config.shards.findIndex((owner, shard) => owner === group && !own.has(shard));
  if (absent >= 0) throw damaged(path, `shard ${absent} of group ${group} is not there`);
}

/** Of a config by which a shard is nobody's; null: it is not so. */
const homeless = ({ num, shards }: ShardConfig): string | null => {
  const shard = shards.indexOf(NO_GROUP);
  return shard < 0 ? null : `by config ${num} shard ${shard} belongs to no group`;
};

/** Without copies that have arrived elsewhere and are still to be dropped. */
function* servedBy(machine: ShardKv): ReturnType<ShardKv["copies"]> {
  for (const copy of machine.copies()) if (copy.state === "serving") yield copy;
}

function sizeOf(machine: ShardController | ShardKv): Pick<ShardedMeta, "keys" | "sessions"> {
  const sum = { keys: 0, sessions: 0 };
  if (machine instanceof ShardController) return sum;
  for (const { store } of servedBy(machine)) {
    sum.keys += store.store.size;
    sum.sessions += store.sessionCount;
  }
  return sum;
}
