import { COMMAND_HEADER_BYTES, commandKeyBytes, commandOp } from "../../kv/command.ts";
import {
  CONTROLLER_GROUP,
  encodeConfig,
  type ShardConfig,
  shardOf,
} from "../../kv/shard-config.ts";
import { ShardController } from "../../kv/shard-controller.ts";
import type { ShardKv } from "../../kv/shard-kv.ts";
import { OP_ADOPT, type ShardsReport } from "../../kv/shard-ops.ts";
import { STATUS } from "../../wire/errors.ts";
import { Monitor } from "../monitor.ts";
import { violated } from "../violation.ts";

const TWO_POW_32 = 0x1_0000_0000;
const decoder = new TextDecoder();
const NOTHING: ShardsReport = { group: 0, num: 0, shards: [], toDrop: [] };

/**
 * Watches a sharded cluster, as Monitor each of its groups. Of what moves between groups it looks at
 * the newest state of each: the one after the last entry that any of its nodes has applied. What a
 * group does is caused by what another has applied before, so these states are a consistent cut.
 *
 *   ONE    at most one group serves a shard, and each later one at a higher epoch
 *   NUM    a config never changes, and is adopted one after the other
 *   MOVED  what arrives is what was frozen, and nothing is dropped before it has arrived
 */
export class ShardWatch {
  readonly #monitors = new Map<number, Monitor>();
  readonly #nodes: readonly number[];
  /** By group: the last index that any node has applied. */
  readonly #applied = new Map<number, number>();
  /** By number: the config, as bytes. */
  readonly #configs: string[] = [""];
  readonly #reports = new Map<number, ShardsReport>();
  /** By shard and config number: the copy as it was frozen, its keys and its digest. */
  readonly #frozen = new Map<string, { readonly keys: number; readonly digest: string | null }>();
  readonly #installed = new Set<string>();
  /** By shard: the group and the epoch of the last write. */
  readonly #writers = new Map<number, { readonly group: number; readonly epoch: number }>();
  /** By shard: the indexes of its writes. */
  readonly #writes = new Map<number, Set<number>>();
  readonly #note: (text: string) => void;
  /** Shards that have arrived at another group. */
  moves = 0;

  constructor(nodes: readonly number[], note: (text: string) => void) {
    this.#nodes = nodes;
    this.#note = note;
  }

  monitor(group: number): Monitor {
    let monitor = this.#monitors.get(group);
    if (monitor === undefined) this.#monitors.set(group, (monitor = new Monitor(this.#nodes)));
    return monitor;
  }

  get elections(): number {
    return [...this.#monitors.values()].reduce((sum, { elections }) => sum + elections, 0);
  }

  /** Entries committed in all groups. */
  get commits(): number {
    return [...this.#monitors.values()].reduce((sum, m) => sum + m.committedIndex, 0);
  }

  /** The number of the newest config. */
  get num(): number {
    return this.#configs.length - 1;
  }

  /** A node has applied a command. Returns whether it is the first of its group to do so. */
  onApply(
    node: number,
    group: number,
    index: number,
    command: Uint8Array,
    machine: ShardKv | ShardController,
  ): boolean {
    const isFirst = index > (this.#applied.get(group) ?? 0);
    if (isFirst) this.#applied.set(group, index);
    if (group === CONTROLLER_GROUP) this.#checkConfig(node, (machine as ShardController).config);
    else if (isFirst) this.#onFirst(group, command, machine as ShardKv);
    return isFirst;
  }

  /** What a node holds once it has its state from a snapshot. */
  onRestored(node: number, machine: ShardKv | ShardController): void {
    if (machine instanceof ShardController) this.#checkConfig(node, machine.config);
    else this.#checkAdopted(machine.config);
  }

  #checkConfig(node: number, config: ShardConfig): void {
    const { num } = config;
    if (num === 0) return;
    const text = decoder.decode(encodeConfig(config));
    const known = this.#configs[num];
    if (known === undefined) {
      if (num !== this.num + 1) violated("NUM", `config ${num} comes after ${this.num}`);
      this.#configs[num] = text;
      this.#note(`config ${num}: ${config.shards.join(" ")}`);
    } else if (known !== text) {
      violated("NUM", `node ${node} has another config ${num} than others`, [known, text]);
    }
  }

  #checkAdopted(config: ShardConfig): void {
    if (config.num === 0) return;
    const text = decoder.decode(encodeConfig(config));
    if (this.#configs[config.num] !== text) {
      violated("NUM", `a group adopts a config ${config.num} that the controller never had`);
    }
  }

  #onFirst(group: number, command: Uint8Array, machine: ShardKv): void {
    const view = new DataView(command.buffer, command.byteOffset, command.byteLength);
    if (commandOp(view, 0) >= OP_ADOPT) return this.#onMigration(group, machine);
    const keyBytes = commandKeyBytes(view, 0);
    if (machine.result.status !== STATUS.ok.code || keyBytes === 0) return;
    const key = command.subarray(COMMAND_HEADER_BYTES, COMMAND_HEADER_BYTES + keyBytes);
    this.#onWrite(group, shardOf(key, machine.config.shards.length), machine.result.index);
  }

  /** A write took effect: whoever else has served the shard did so at a lower epoch. */
  #onWrite(group: number, shard: number, index: number): void {
    let seen = this.#writes.get(shard);
    if (seen === undefined) this.#writes.set(shard, (seen = new Set()));
    // One that was repeated gets the answer of the first time, which an earlier owner gave perhaps.
    if (seen.has(index)) return;
    seen.add(index);
    const epoch = Math.floor(index / TWO_POW_32);
    const last = this.#writers.get(shard) ?? { group, epoch };
    if (epoch < last.epoch || (epoch === last.epoch && group !== last.group)) {
      const other = `group ${last.group}, which writes at epoch ${last.epoch}`;
      violated("ONE", `group ${group} writes to shard ${shard} at epoch ${epoch}, after ${other}`);
    }
    this.#writers.set(shard, { group, epoch });
  }

  #onMigration(group: number, machine: ShardKv): void {
    const before = this.#reports.get(group) ?? NOTHING;
    const report = machine.report();
    this.#reports.set(group, report);
    if (report.num !== before.num) {
      if (report.num !== before.num + 1) {
        violated("NUM", `group ${group} adopts config ${report.num} after ${before.num}`);
      }
      this.#checkAdopted(machine.config);
      this.#note(`group ${group} adopts ${report.num}`);
    }
    for (const { shard, state, num, keys } of report.shards) {
      if (state === "serving" || state === "leaving") this.#checkAlone(group, shard);
      const was = before.shards.find(
        (one) => one.shard === shard && (one.state === "arriving") === (state === "arriving"),
      );
      if (state === "frozen" && was?.state !== "frozen") {
        this.#frozen.set(`${shard} ${num}`, { keys, digest: machine.digestOf(shard) });
        this.#note(`group ${group} freezes shard ${shard} of ${num}: ${keys} keys`);
      }
    }
    this.#checkArrived(group, before, report, machine);
    this.#checkDropped(group, before, report);
  }

  #checkAlone(group: number, shard: number): void {
    for (const [other, { shards }] of this.#reports) {
      if (other === group) continue;
      const both = shards.find((one) => one.shard === shard && isServed(one.state));
      if (both === undefined) continue;
      violated("ONE", `groups ${other} and ${group} both serve shard ${shard}`);
    }
  }

  #checkArrived(
    group: number,
    before: ShardsReport,
    { shards, toDrop }: ShardsReport,
    machine: ShardKv,
  ): void {
    for (const { shard, num, from } of toDrop) {
      if (before.toDrop.some((one) => one.shard === shard && one.num === num)) continue;
      const keys = shards.find((one) => one.shard === shard && isServed(one.state))?.keys;
      const frozen = this.#frozen.get(`${shard} ${num}`);
      const what = `shard ${shard} comes to group ${group} with ${keys} keys by config ${num}`;
      if (frozen?.keys !== keys) {
        const had = frozen === undefined ? "which it never froze" : `of ${frozen.keys} keys there`;
        violated("MOVED", `${what}, from group ${from}, ${had}`);
      }
      if (frozen?.digest !== machine.digestOf(shard)) {
        violated("MOVED", `${what}, other values, versions or sessions than group ${from} froze`);
      }
      this.#installed.add(`${shard} ${num}`);
      this.moves++;
      this.#note(`shard ${shard} of ${num} has come to group ${group} from ${from}: ${keys} keys`);
    }
  }

  #checkDropped(group: number, before: ShardsReport, { shards }: ShardsReport): void {
    for (const { shard, state, num, keys } of before.shards) {
      if (state === "arriving") continue;
      const isHere = shards.some((one) => one.shard === shard && one.state !== "arriving");
      if (isHere) continue;
      this.#note(`group ${group} drops shard ${shard} of ${num}: ${keys} keys`);
      if (this.#installed.has(`${shard} ${num}`)) continue;
      const what = `group ${group} drops shard ${shard}, ${state} by config ${num}`;
      violated("MOVED", `${what}, which has arrived nowhere`);
    }
  }
}

const isServed = (state: string): boolean => state === "serving" || state === "leaving";
