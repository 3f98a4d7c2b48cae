import type { ShardsStatus } from "../../target/target.ts";
import type { ShardsView, ShardView } from "./document.ts";

/** Whose each shard is now, and which are on their way. */
export function shardMap({ config, groups }: ShardsStatus): ShardsView {
  const shards = config.shards.map((owner, shard): ShardView => {
    const said = groups.find(({ group }) => group === owner)?.report?.shards ?? [];
    const here = said.filter((each) => each.shard === shard);
    const arriving = here.find(({ state }) => state === "arriving");
    if (arriving !== undefined) {
      return { shard, owner, state: "moving", from: arriving.other, keys: arriving.keys };
    }
    const serving = here.find(({ state }) => state === "serving");
    const state = serving === undefined ? "unknown" : "serving";
    return { shard, owner, state, from: 0, keys: serving?.keys ?? 0 };
  });
  return {
    config: config.num,
    shards,
    groups: groups.map(({ group, leader, report }) => ({
      ...{ id: group, leader, config: report?.num ?? null },
      nodes: config.groups.find(({ id }) => id === group)?.nodes ?? [],
      keys: (report?.shards ?? []).reduce(
        (sum, { state, keys }) => sum + (state === "serving" ? keys : 0),
        0,
      ),
    })),
  };
}
