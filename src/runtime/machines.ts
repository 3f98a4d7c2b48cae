import { createStateMachine, type SessionedStore } from "../kv/sessions.ts";
import { ShardController } from "../kv/shard-controller.ts";
import { ShardKv } from "../kv/shard-kv.ts";
import type { StateMachine } from "../kv/state-machine.ts";
import { GROUP_1, type GroupId } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import type { Sharding } from "./sharding.ts";

export type GroupStore = { readonly group: GroupId; readonly store: SessionedStore };

/** The state machines of a node's groups, each made when it is first asked for. */
export class Machines {
  readonly #shards: number | null;
  /** Names this life of the node in copies of shards that others read of it. */
  readonly #streams: number;
  readonly #controller: ShardController | null;
  readonly #store: SessionedStore | null;
  readonly #shardKvs = new Map<GroupId, ShardKv>();

  /** `seed` is drawn anew for each start. */
  constructor(sharding: Sharding | undefined, seed: number) {
    this.#shards = sharding?.shards ?? null;
    this.#streams = new Prng(seed).fork("streams").u32();
    this.#controller = sharding === undefined ? null : new ShardController(sharding.shards);
    this.#store = sharding === undefined ? createStateMachine() : null;
  }

  /** Null: nothing is sharded. */
  get controller(): ShardController | null {
    return this.#controller;
  }

  /** What the stores of all groups hold. */
  size(): { readonly keys: number; readonly bytes: number; readonly sessions: number } {
    const sum = { keys: 0, bytes: 0, sessions: 0 };
    for (const { store: one } of this.stores()) {
      sum.keys += one.store.size;
      sum.bytes += one.store.slabBytes;
      sum.sessions += one.sessionCount;
    }
    return sum;
  }

  /** Each store here, with its group; a group of shards has one for each copy of a shard. */
  *stores(): Iterable<GroupStore> {
    if (this.#store !== null) yield { group: GROUP_1, store: this.#store };
    for (const [group, machine] of this.#shardKvs) {
      for (const store of machine.stores()) yield { group, store };
    }
  }

  of(group: GroupId): StateMachine {
    if (group === GROUP_1) return this.#controller ?? this.#store!;
    return this.shardKv(group);
  }

  /** Only in a sharded cluster, and not of group 1. */
  shardKv(group: GroupId): ShardKv {
    let machine = this.#shardKvs.get(group);
    if (machine === undefined) {
      machine = new ShardKv(group, this.#shards!, this.#streams);
      this.#shardKvs.set(group, machine);
    }
    return machine;
  }
}
