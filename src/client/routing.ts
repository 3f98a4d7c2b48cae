import { GROUP_1 } from "../lib/ids.ts";
import { LeaderCache } from "./leader-cache.ts";

/** Where a clerk sends what: which group has a key, and which node leads that. */
export type Routing = {
  /** 1: nothing is sharded. */
  readonly shards: number;
  shardOf(key: Uint8Array): number;
  /** The group that has the shard, as far as is known; NO_GROUP: none, or it is not known. */
  groupOf(shard: number): number;
  leaderOf(group: number): LeaderCache;
  allLeaders(): Iterable<LeaderCache>;
  /** `group`, whose own config has number `num`, does not serve the shard. */
  wrongShard(shard: number, group: number, num: number, now: number): void;
};

/** All keys in one group, on all nodes. */
export function oneGroup(nodes: number): Routing {
  const leaders = new LeaderCache(nodes);
  const all = [leaders];
  return {
    shards: 1,
    shardOf: () => 0,
    groupOf: () => GROUP_1,
    leaderOf: () => leaders,
    allLeaders: () => all,
    wrongShard: () => {},
  };
}
