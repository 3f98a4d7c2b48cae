import type { ShardConfig } from "./shard-config.ts";
import type { ShardsReport } from "./shard-ops.ts";

/** What a group said last; null: it does not answer. */
export type GroupSaid = { readonly group: number; readonly report: ShardsReport | null };

/**
 * What of the newest config is still under way, in words: groups that have not adopted it, shards on their
 * way, and copies that are to be deleted. Empty: it is carried out.
 */
export function underWay(config: ShardConfig, groups: readonly GroupSaid[]): readonly string[] {
  return groups.flatMap(({ group, report }): string[] => {
    if (report === null) return [`group ${group} does not answer`];
    const { num, shards, toDrop } = report;
    const behind = num < config.num ? [`group ${group} is at config ${num} of ${config.num}`] : [];
    const moving = shards
      .filter(({ state }) => state !== "serving")
      .map(({ shard, state }) => `shard ${shard} is ${state} at group ${group}`);
    const kept = toDrop.map(({ shard, from }) => `group ${from} keeps a copy of shard ${shard}`);
    return [...behind, ...moving, ...kept];
  });
}
