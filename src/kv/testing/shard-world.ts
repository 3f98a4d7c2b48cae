import type { Prng } from "../../lib/prng.ts";
import { type Command, OP_APPEND, OP_OPEN_SESSION } from "../command.ts";
import type { ConfigChange } from "../config-changes.ts";
import { CONTROLLER_GROUP, encodeConfig, NO_GROUP, shardOf } from "../shard-config.ts";
import { ShardController } from "../shard-controller.ts";
import { ShardKv } from "../shard-kv.ts";
import {
  decodeChunk,
  encodeShard,
  encodeShardRead,
  OP_ADOPT,
  OP_CHUNK,
  OP_DROP,
  OP_DROPPED,
  OP_FREEZE,
  OP_READ_SHARD,
} from "../shard-ops.ts";
import type { StateMachine } from "../state-machine.ts";
import { NOT_FOUND, OK, VERSION_MISMATCH, WRONG_SHARD } from "../status.ts";
import { command, encoded, get } from "./commands.ts";

const NODES = [1, 2, 3];

export const join = (...ids: number[]): ConfigChange => ({
  kind: "join",
  groups: ids.map((id) => ({ id, nodes: NODES })),
});
import { ControllerDriver } from "./controller.ts";

export type Answer = {
  readonly status: number;
  readonly version: number;
  readonly index: number;
  readonly value: Uint8Array;
};

const op = (code: number): Command["op"] => code as Command["op"];

/** One group as its log drives it: one machine stands for all replicas. */
export class Group {
  machine: ShardKv;
  index = 0;
  readonly id: number;

  constructor(id: number, shards: number, streams: number) {
    this.id = id;
    this.machine = new ShardKv(id, shards, streams);
  }

  ask(c: Command): Answer {
    const { bytes, view, at, end } = encoded(c);
    const problem = this.machine.problem(bytes, view, at, end);
    if (problem !== null) throw new Error(problem);
    if (this.machine.isRead(view, at)) this.machine.read(bytes, view, at, end, this.index);
    else this.machine.apply(bytes, view, at, end, ++this.index);
    return answerOf(this.machine);
  }

  adopt(config: Parameters<typeof encodeConfig>[0]): Answer {
    return this.ask(
      command({ op: op(OP_ADOPT), expected: config.num, value: encodeConfig(config) }),
    );
  }

  /** freeze, drop or dropped. */
  step(code: number, shard: number, num: number): Answer {
    return this.ask(command({ op: op(code), expected: num, value: encodeShard(shard) }));
  }

  chunk(num: number, value: Uint8Array): Answer {
    return this.ask(command({ op: op(OP_CHUNK), expected: num, value }));
  }

  readShard(shard: number, num: number, offset: number, bytesMax: number): Answer {
    const value = encodeShardRead({ shard, bytesMax, offset });
    return this.ask(command({ op: op(OP_READ_SHARD), expected: num, value }));
  }

  /** A new process on the snapshot of this one, which reads its copies in another order perhaps. */
  restart(shards: number, streams: number, bytes: number): void {
    const next = new ShardKv(this.id, shards, streams);
    const [reader, writer] = [this.machine.beginSnapshot(), next.beginRestore()];
    for (let piece = reader.next(bytes); piece !== null; piece = reader.next(bytes)) {
      for (let at = 0; at < piece.length; at += bytes) writer.write(piece.slice(at, at + bytes));
    }
    writer.finish();
    this.machine = next;
  }
}

/** A controller and groups, whose agents take single steps when they are told to. */
export class ShardWorld {
  readonly shards: number;
  readonly groups: readonly Group[];
  readonly machine: ShardController;
  readonly controller: ControllerDriver;

  constructor(shards: number, groups: number) {
    this.shards = shards;
    this.groups = Array.from(
      { length: groups },
      (_, i) => new Group(CONTROLLER_GROUP + 1 + i, shards, i),
    );
    this.machine = new ShardController(shards);
    this.controller = new ControllerDriver(this.machine);
  }

  group(id: number): Group {
    return this.groups[id - CONTROLLER_GROUP - 1]!;
  }

  change(change: ConfigChange): void {
    this.controller.change(change);
  }

  /** A join, leave or move of `group`, by a number drawn from 0 to 99. False: none, as for nine in ten of them. */
  changeDrawn(draw: number, { id }: Group, prng: Prng): boolean {
    if (draw < 4) this.change(join(id));
    else if (draw < 6) this.change({ kind: "leave", groups: [id] });
    else if (draw < 9) this.change({ kind: "move", shard: prng.below(this.shards), group: id });
    return draw < 9;
  }

  /** One step of what the leader of `group` does by itself. False: there is nothing to do. */
  step(group: Group, prng: Prng, bytesMax: number): boolean {
    const report = group.machine.report();
    const drop = report.toDrop[0];
    if (drop !== undefined && prng.chance(0.5)) {
      const { status } = this.group(drop.from).step(OP_DROP, drop.shard, drop.num);
      // Lost with some luck: it will be told again.
      if (status === OK && prng.chance(0.7)) group.step(OP_DROPPED, drop.shard, drop.num);
      return true;
    }
    const arriving = report.shards.filter(({ state }) => state === "arriving");
    if (arriving.length > 0 && prng.chance(0.8)) {
      const { shard, num, other, bytes } = prng.pick(arriving);
      this.#pull(group, this.group(other), shard, num, bytes, bytesMax);
      return true;
    }
    const next = this.machine.configAt(report.num + 1);
    if (next === null) return drop !== undefined || arriving.length > 0;
    group.adopt(next);
    return true;
  }

  #pull(
    to: Group,
    from: Group,
    shard: number,
    num: number,
    offset: number,
    bytesMax: number,
  ): void {
    const read = from.readShard(shard, num, offset, bytesMax);
    if (read.status === VERSION_MISMATCH) return;
    if (read.status !== OK) throw new Error(`shard ${shard} by config ${num}: ${read.status}`);
    const { bytes, then } = decodeChunk(read.value)!;
    const { status } =
      bytes.length === 0 && then !== "end" ? { status: OK } : to.chunk(num, read.value);
    if (status === OK && then === "freeze") from.step(OP_FREEZE, shard, num);
    if (status !== VERSION_MISMATCH) return;
    // The copy is another one now.
    const anew = from.readShard(shard, num, 0, bytesMax);
    if (decodeChunk(anew.value)!.offset !== 0) throw new Error("asked for the beginning");
    to.chunk(num, anew.value);
  }
}

/** A client of one key: it appends numbered pieces exactly once, and knows what the value must be. */
export class Appender {
  readonly key: string;
  readonly shard: number;
  readonly #world: ShardWorld;
  #group: number = NO_GROUP;
  #session = 0;
  #seq = 0;
  #pending: string | null = null;
  #next = 0;
  #lastIndex = 0;
  expected = "";

  constructor(world: ShardWorld, key: string) {
    this.#world = world;
    this.key = key;
    this.shard = shardOf(new TextEncoder().encode(key), world.shards);
  }

  /** One attempt; `isLost`: it arrives, and its answer does not. */
  attempt(isLost: boolean): void {
    this.#group = this.#world.machine.config.shards[this.shard]!;
    // The owner by the newest config, or the one that serves it still.
    const groups = this.#world.groups.filter(
      ({ id, machine }) =>
        id === this.#group || machine.config.num < this.#world.machine.config.num,
    );
    for (const group of groups) if (this.#at(group, isLost)) return;
  }

  #at(group: Group, isLost: boolean): boolean {
    if (this.#session === 0) {
      const open = command({ op: OP_OPEN_SESSION, expected: this.shard, nonce: 1 });
      const { status, index } = group.ask(open);
      if (status !== OK) return false;
      this.#session = index;
      return true;
    }
    if (this.#pending === null) {
      this.#pending = `${this.#next++},`;
      this.#seq++;
    }
    const value = new TextEncoder().encode(this.#pending);
    const key = new TextEncoder().encode(this.key);
    const parts = { op: OP_APPEND, key, value, session: this.#session, seq: this.#seq } as const;
    const { status, index } = group.ask(command(parts));
    if (status === WRONG_SHARD) return false;
    if (status !== OK) throw new Error(`append to ${this.key}: ${status}`);
    if (isLost) return true;
    if (index <= this.#lastIndex) throw new Error(`index ${index} after ${this.#lastIndex}`);
    this.#lastIndex = index;
    this.expected += this.#pending;
    this.#pending = null;
    return true;
  }

  /** What the one group that serves the shard holds; null: no group does. */
  read(): string | null {
    const answers = this.#world.groups
      .map((group) => group.ask(get(this.key)))
      .filter(({ status }) => status !== WRONG_SHARD);
    if (answers.length > 1) throw new Error(`${answers.length} groups serve ${this.key}`);
    const answer = answers[0];
    if (answer === undefined) return null;
    return answer.status === NOT_FOUND ? "" : new TextDecoder().decode(answer.value);
  }

  /** What it must hold: all that was answered, and perhaps one piece more. */
  isRight(value: string): boolean {
    return value === this.expected || value === this.expected + (this.#pending ?? "");
  }
}

function answerOf({ result }: StateMachine): Answer {
  const { status, version, index, valueIn, valueAt, valueBytes } = result;
  return { status, version, index, value: valueIn.slice(valueAt, valueAt + valueBytes) };
}
