import { NO_GROUP, type ShardConfig } from "../../kv/shard-config.ts";

/** `3 shards move: 0 from 2 to 6, 4 from 3 to 6, …`. */
export function movesText(before: ShardConfig, after: ShardConfig): string {
  const moves = after.shards.flatMap((group, shard) => {
    const from = before.shards[shard]!;
    if (group === from) return [];
    return [`${shard} ${from === NO_GROUP ? "" : `from ${from} `}${to(group)}`];
  });
  if (moves.length === 0) return "no shard moves";
  const head = moves.length === 1 ? "one shard moves" : `${moves.length} shards move`;
  return `${head}: ${moves.join(", ")}`;
}

const to = (group: number): string => (group === NO_GROUP ? "to nobody" : `to ${group}`);
