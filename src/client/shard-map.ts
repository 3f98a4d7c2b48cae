import {
  CONTROLLER_GROUP,
  firstConfig,
  NO_GROUP,
  type ShardConfig,
  shardOf,
} from "../kv/shard-config.ts";
import { LeaderCache } from "./leader-cache.ts";
import type { Routing } from "./routing.ts";

/**
 * What a client knows of a sharded cluster: the newest shard config it has heard of, and who led each group when it
 * last asked. Nodes are named by their index in `nodeIds`.
 */
export class ShardMap implements Routing {
  readonly shards: number;
  readonly #nodeIds: readonly number[];
  readonly #leaders = new Map<number, LeaderCache>();
  readonly #onStale: (now: number) => void;
  /** By shard: who had it before, and has not yet refused it; NO_GROUP: nobody else is asked than its owner. */
  readonly #givers: Uint32Array;
  #config: ShardConfig;

  /** `onStale`: a group has refused what by this config is its own; a newer one is wanted. */
  constructor(shards: number, nodeIds: readonly number[], onStale: (now: number) => void) {
    this.shards = shards;
    this.#nodeIds = nodeIds;
    this.#onStale = onStale;
    this.#config = firstConfig(shards);
    this.#givers = new Uint32Array(shards).fill(NO_GROUP);
  }

  get config(): ShardConfig {
    return this.#config;
  }

  /** False: it is no newer than the one that is known. */
  update(config: ShardConfig): boolean {
    if (config.num <= this.#config.num || config.shards.length !== this.shards) return false;
    for (const [shard, owner] of config.shards.entries()) {
      if (this.#givers[shard] === NO_GROUP) this.#givers[shard] = this.#config.shards[shard]!;
      if (this.#givers[shard] === owner) this.#givers[shard] = NO_GROUP;
    }
    this.#config = config;
    for (const { id, nodes } of config.groups) this.#restrict(id, nodes);
    return true;
  }

  /** Tells where a group runs that is not in the config: one that has left, or has not joined. */
  setNodes(group: number, nodes: readonly number[]): void {
    this.#restrict(group, nodes);
  }

  shardOf(key: Uint8Array): number {
    return shardOf(key, this.shards);
  }

  /**
   * Who serves the shard, as far as is known. A shard that moves is served where it was until it is frozen, long
   * after the config has changed perhaps: that group is asked until it refuses, or its leader is lost.
   */
  groupOf(shard: number): number {
    const giver = this.#givers[shard] ?? NO_GROUP;
    if (giver !== NO_GROUP && this.leaderOf(giver).known) return giver;
    return this.#config.shards[shard] ?? NO_GROUP;
  }

  /** The controller is on all nodes, and so, as far as is known, is a group that no config has told of. */
  leaderOf(group: number): LeaderCache {
    let leaders = this.#leaders.get(group);
    if (leaders === undefined) {
      leaders = new LeaderCache(this.#nodeIds.length);
      this.#leaders.set(group, leaders);
    }
    return leaders;
  }

  allLeaders(): Iterable<LeaderCache> {
    return this.#leaders.values();
  }

  wrongShard(shard: number, group: number, num: number, now: number): void {
    const known = this.#config.num;
    if (this.#givers[shard] === group) this.#givers[shard] = NO_GROUP;
    // Others have refused what this config does not say they have: it is not the newest.
    else if (num === known && this.#config.shards[shard] !== group) this.#onStale(now);
    // A group that lags behind what is known here will come to it: no other config helps.
    if (num > known) this.#onStale(now);
  }

  #restrict(group: number, nodes: readonly number[]): void {
    if (group === CONTROLLER_GROUP) return;
    const known = nodes.map((id) => this.#nodeIds.indexOf(id)).filter((node) => node >= 0);
    if (known.length > 0) this.leaderOf(group).restrict(known);
  }
}
