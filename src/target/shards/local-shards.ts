import type { ReshardFault } from "../../fault/vocabulary.ts";
import { applyChange, type ConfigChange } from "../../kv/config-changes.ts";
import { CONTROLLER_GROUP, type ShardConfig } from "../../kv/shard-config.ts";
import { underWay } from "../../kv/shards-under-way.ts";
import type { Prng } from "../../lib/prng.ts";
import type { Sharding } from "../../runtime/sharding.ts";
import type { ClusterAddress, NodeStatus, ShardsStatus } from "../target.ts";
import { until } from "../until.ts";
import { ShardAdmin } from "./shard-admin.ts";

const ASK_WITHIN_MS = 2_000;
/** For as long as there are faults: a change is then left out. */
const CHANGED_WITHIN_MS = 30_000;
const SETTLED_WITHIN_MS = 60_000;

/** The groups of a local sharded cluster: what they say, and what faults may ask of their controller. */
export class LocalShards {
  readonly #admin: ShardAdmin;
  readonly #places: ReadonlyMap<number, readonly number[]>;
  readonly #prng: Prng;
  /** Changes that were asked for, one after the other. */
  #changes: Promise<unknown> = Promise.resolve();
  #last: ShardsStatus | null = null;

  constructor(address: ClusterAddress, { groups }: Sharding, prng: Prng) {
    this.#admin = new ShardAdmin(address, ASK_WITHIN_MS);
    this.#prng = prng;
    const places = Object.entries(groups).map(([id, nodes]) => [Number(id), nodes] as const);
    this.#places = new Map(places.filter(([id]) => id !== CONTROLLER_GROUP));
  }

  close(): void {
    this.#admin.close();
  }

  async status(): Promise<ShardsStatus | null> {
    const status = await this.#admin.status();
    if (status !== null) this.#last = status;
    return status;
  }

  configs(): Promise<readonly ShardConfig[] | null> {
    return this.#admin.configs();
  }

  /** Who leads the groups that have joined, as far as these say; all groups while no config is known. */
  leaders(nodes: readonly NodeStatus[]): ReadonlyMap<number, number> {
    const joined = this.#last?.config.groups.map(({ id }) => id);
    const found = new Map<number, { readonly node: number; readonly term: number }>();
    for (const { id: node, role: state, groups = [] } of nodes) {
      if (state === "down" || state === "paused") continue;
      for (const { group, role, term } of groups) {
        if (group === CONTROLLER_GROUP || role !== "leader") continue;
        if (joined?.includes(group) === false || term <= (found.get(group)?.term ?? 0)) continue;
        found.set(group, { node, term });
      }
    }
    return new Map([...found].map(([group, { node }]) => [group, node]));
  }

  /** In the background: under other faults it may come about only once those are lifted. */
  reshard({ change }: ReshardFault): void {
    this.#changes = this.#changes.then(() =>
      change === "shuffle" ? this.#shuffle() : this.#change((config) => this.#draw(change, config)),
    );
    this.#changes.catch(() => {}); // `settled` tells.
  }

  /** Resolves once all changes are made and carried out by every group. */
  async settled(): Promise<void> {
    await this.#changes;
    let left: readonly string[] = [];
    await until("every group has adopted the newest config", SETTLED_WITHIN_MS, async () => {
      const now = await this.status();
      left = now === null ? ["the controller does not answer"] : underWay(now.config, now.groups);
      return left.length === 0 ? true : null;
    }).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}: ${left.slice(0, 4).join("; ")}`);
    });
  }

  async #shuffle(): Promise<void> {
    const config = await this.#newest();
    const { length } = config.shards;
    const shards = this.#prng.shuffle(Array.from({ length }, (_, shard) => shard));
    for (const shard of shards.slice(0, Math.ceil(length / 4))) {
      await this.#change((now) => this.#moveOf(shard, now));
    }
  }

  /** Makes a change of the newest config, whatever that is by then; none when there is none to make. */
  async #change(draw: (config: ShardConfig) => ConfigChange | null): Promise<void> {
    await until("the config is changed", CHANGED_WITHIN_MS, async () => {
      const config = await this.#admin.query();
      if (config === null) return null;
      const change = draw(config);
      // Spread evenly already, say.
      if (change === null || typeof applyChange(config, change) === "string") return true;
      const { kind } = await this.#admin.change(change, config.num);
      return kind === "done" ? true : null;
    });
  }

  async #newest(): Promise<ShardConfig> {
    return until("the controller answers", CHANGED_WITHIN_MS, () => this.#admin.query());
  }

  #draw(change: Exclude<ReshardFault["change"], "shuffle">, config: ShardConfig) {
    const { groups, shards } = config;
    const joined = groups.map(({ id }) => id);
    switch (change) {
      case "join": {
        const idle = [...this.#places].filter(([id]) => !joined.includes(id));
        if (idle.length === 0) return null;
        const [id, nodes] = this.#prng.pick(idle);
        return { kind: "join", groups: [{ id, nodes }] } as const;
      }
      case "leave":
        if (joined.length < 2) return null;
        return { kind: "leave", groups: [this.#prng.pick(joined)] } as const;
      case "move":
        return this.#moveOf(this.#prng.below(shards.length), config);
      case "rebalance":
        return { kind: "rebalance" } as const;
    }
  }

  #moveOf(shard: number, { groups, shards }: ShardConfig): ConfigChange | null {
    const others = groups.filter(({ id }) => id !== shards[shard]);
    if (others.length === 0) return null;
    return { kind: "move", shard, group: this.#prng.pick(others).id };
  }
}
