import { NO_GROUP, type ShardConfig } from "../kv/shard-config.ts";
import type { ShardMigration, ShardTimeline } from "../report/schema.ts";
import type { ShardsStatus } from "../target/target.ts";

/** A shard that a config has given to another group, which does not serve it yet, as far as was seen. */
type Open = Omit<ShardMigration, "toUs">;

/**
 * What was seen of a sharded cluster over time: when configs came, and from when to when shards were on
 * their way. Looks are some way apart: what is shorter than that is told too long, and of configs that
 * come between two looks the last one is told.
 */
export class ShardLog {
  readonly #configs: { readonly num: number; readonly atUs: number; readonly groups: number[] }[] =
    [];
  readonly #done: ShardMigration[] = [];
  #open: Open[] = [];
  #config: ShardConfig | null = null;

  see({ config, groups }: ShardsStatus, atUs: number): void {
    const before = this.#config;
    if (before === null || config.num > before.num) {
      const { num, groups: joined } = config;
      this.#configs.push({ num, atUs, groups: joined.map(({ id }) => id) });
      this.#config = config;
      if (before !== null) this.#begin(before, config, atUs);
    }
    this.#end(atUs, ({ shard, to, num }) => {
      const report = groups.find(({ group }) => group === to)?.report ?? null;
      const here = report?.shards.some((s) => s.shard === shard && s.state === "serving") ?? false;
      return report !== null && report.num >= num && here;
    });
  }

  /** All of it, in order of time; what never was seen to end, ended at `atUs`. */
  timeline(atUs: number): ShardTimeline {
    this.#end(atUs, () => true);
    return {
      configs: this.#configs,
      migrations: this.#done.toSorted((a, b) => a.fromUs - b.fromUs),
    };
  }

  #begin(before: ShardConfig, after: ShardConfig, atUs: number): void {
    const moved = after.shards.flatMap((to, shard): Open[] => {
      const from = before.shards[shard]!;
      if (to === from) return [];
      return [{ shard, from, to, num: after.num, fromUs: atUs }];
    });
    // It was not even there, and is given on.
    this.#end(atUs, ({ shard }) => moved.some((one) => one.shard === shard));
    this.#open.push(...moved.filter(({ to, from }) => to !== NO_GROUP && from !== NO_GROUP));
  }

  #end(atUs: number, isOver: (open: Open) => boolean): void {
    const over = this.#open.filter(isOver);
    this.#open = this.#open.filter((open) => !over.includes(open));
    this.#done.push(...over.map((open) => ({ ...open, toUs: atUs })));
  }
}
