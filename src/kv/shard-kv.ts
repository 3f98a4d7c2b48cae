import { assert } from "../lib/assert.ts";
import {
  COMMAND_HEADER_BYTES,
  commandExpected,
  commandKeyBytes,
  commandOp,
  commandProblem,
  isReadOp,
  OP_GET,
  OP_OPEN_SESSION,
  OP_SCAN,
} from "./command.ts";
import type { SessionedStore } from "./sessions.ts";
import { type Copy, ShardCopies } from "./shard-copies.ts";
import { decodeConfig, firstConfig, type ShardConfig, shardOf } from "./shard-config.ts";
import {
  decodeChunk,
  decodeShardRead,
  encodeChunk,
  OP_ADOPT,
  OP_CHUNK,
  OP_DROP,
  OP_DROPPED,
  OP_FREEZE,
  OP_READ_SHARD,
  OP_SHARDS,
  shardOpProblem,
  type ShardsReport,
} from "./shard-ops.ts";
import { ShardStream } from "./shard-stream.ts";
import { ShardsReader, ShardsWriter } from "./shards-snapshot.ts";
import type { Result, SnapshotReader, SnapshotWriter, StateMachine } from "./state-machine.ts";
import { NOT_FOUND, OK, VERSION_MISMATCH, WRONG_SHARD } from "./status.ts";
import { newResult } from "./store.ts";

/** Indexes of one config's log positions; epochs are above them, so that both fit 53 bits. */
const TWO_POW_32 = 0x1_0000_0000;

const utf8 = new TextEncoder();

/**
 * The state machine of one group of shards: a SessionedStore for each shard that it serves, and what
 * moves shards between groups (shard-ops.ts, docs/adr/0020). A request for a shard that is not served
 * here is `wrongShard`, definitely, with the number of the config adopted.
 *
 * `streams` is drawn anew for each start of a process: another process, or the same one after a start, may
 * hold a copy's entries in another order, and what was read of it before cannot be continued.
 */
export class ShardKv implements StateMachine {
  readonly result: Result = newResult();
  readonly #group: number;
  readonly #streams: number;
  #shards: ShardCopies;
  #streamsBegun = 0;

  constructor(group: number, shards: number, streams: number) {
    this.#group = group;
    this.#streams = streams;
    this.#shards = new ShardCopies(group, firstConfig(shards), this.result);
  }

  /** The config that the group has adopted. */
  get config(): ShardConfig {
    return this.#shards.config;
  }

  report(): ShardsReport {
    return this.#shards.report();
  }

  /** Something is arriving, or its old owner is to be told: report() says what. */
  get isMoving(): boolean {
    return this.#shards.toDrop.length > 0 || this.#shards.arriving.some((one) => one !== null);
  }

  /** The stores of all shards that are here. */
  *stores(): Iterable<SessionedStore> {
    for (const copy of this.#shards.copies) if (copy !== null) yield copy.store;
  }

  /** What is here of each shard, whoever it belongs to by now. */
  *copies(): Generator<Pick<Copy, "state" | "epoch" | "store"> & { readonly shard: number }> {
    for (const [shard, copy] of this.#shards.copies.entries()) {
      if (copy !== null) yield { shard, state: copy.state, epoch: copy.epoch, store: copy.store };
    }
  }

  /** Keys of all shards served here. */
  get size(): number {
    return this.#shards.copies.reduce((sum, copy) => sum + (copy?.store.store.size ?? 0), 0);
  }

  problem(bytes: Uint8Array, view: DataView, at: number, end: number): string | null {
    if (end - at < COMMAND_HEADER_BYTES) return "command is cut short";
    const op = commandOp(view, at);
    if (op < OP_ADOPT) {
      // Neighbours in the order of keys are in different shards: there is no such place to read from.
      if (op === OP_SCAN) return "a sharded cluster has no scans";
      const problem = commandProblem(view, at, end);
      if (problem !== null || op !== OP_OPEN_SESSION) return problem;
      return this.#shardProblem(commandExpected(view, at));
    }
    const problem = shardOpProblem(view, at, end);
    if (problem !== null) return problem;
    const value = bytes.subarray(at + COMMAND_HEADER_BYTES, end);
    switch (op) {
      case OP_ADOPT:
        return this.#configProblem(value);
      case OP_CHUNK:
        return this.#shardProblem(decodeChunk(value)?.shard ?? -1);
      case OP_READ_SHARD:
        return this.#shardProblem(decodeShardRead(value)?.shard ?? -1);
      case OP_FREEZE:
      case OP_DROP:
      case OP_DROPPED:
        return this.#shardProblem(value.length === 4 ? view.getUint32(end - 4, true) : -1);
      case OP_SHARDS:
        return value.length === 0 ? null : "a value where none belongs";
      default:
        return `op ${op} is not known here`;
    }
  }

  /** Finding a command's shard costs as much as what it would save. */
  prefetch(): void {}

  isRead(view: DataView, at: number): boolean {
    const op = commandOp(view, at);
    return op === OP_GET || op === OP_READ_SHARD || op === OP_SHARDS;
  }

  apply(bytes: Uint8Array, view: DataView, at: number, end: number, index: number): void {
    const op = commandOp(view, at);
    if (op >= OP_ADOPT) return this.#migrate(op, bytes, view, at, end, index);
    const shard =
      op === OP_OPEN_SESSION ? commandExpected(view, at) : this.#shardAt(bytes, view, at);
    const copy = this.#shards.serving(shard);
    if (copy === null) return this.#finish(WRONG_SHARD, this.config.num, index);
    copy.store.apply(bytes, view, at, end, indexOf(copy, index));
    const keyBytes = commandKeyBytes(view, at);
    if (copy.stream === null || isReadOp(op) || keyBytes === 0) return;
    copy.stream.changed(bytes, view, at + COMMAND_HEADER_BYTES, keyBytes);
  }

  read(bytes: Uint8Array, view: DataView, at: number, end: number, index: number): void {
    const op = commandOp(view, at);
    if (op === OP_READ_SHARD) return this.#readShard(bytes, view, at, end, index);
    if (op === OP_SHARDS) {
      this.#finish(OK, this.config.num, index);
      return this.#answer(utf8.encode(JSON.stringify(this.report())));
    }
    const copy = this.#shards.serving(this.#shardAt(bytes, view, at));
    if (copy === null) return this.#finish(WRONG_SHARD, this.config.num, index);
    copy.store.read(bytes, view, at, end, indexOf(copy, index));
  }

  beginSnapshot(): SnapshotReader {
    return new ShardsReader(this.#shards);
  }

  beginRestore(): SnapshotWriter {
    const shards = new ShardCopies(
      this.#group,
      firstConfig(this.config.shards.length),
      this.result,
    );
    return new ShardsWriter(shards, () => (this.#shards = shards));
  }

  /** Of what is here of one shard, its sessions included; null: nothing. Equal wherever the same was installed. */
  digestOf(shard: number): string | null {
    return this.#shards.copies[shard]?.store.digest() ?? null;
  }

  /** Equal on replicas that applied the same log. */
  digest(): string {
    const copies = this.#shards.copies.map((_, shard) => this.digestOf(shard) ?? "-");
    return `${JSON.stringify(this.report())} ${copies.join(" ")}`;
  }

  #migrate(
    op: number,
    bytes: Uint8Array,
    view: DataView,
    at: number,
    end: number,
    index: number,
  ): void {
    const value = bytes.subarray(at + COMMAND_HEADER_BYTES, end);
    const num = commandExpected(view, at);
    if (op === OP_ADOPT) return this.#adopt(decodeConfig(value)!, index);
    if (op === OP_CHUNK) return this.#take(value, num, index);
    if (num > this.config.num) return this.#finish(VERSION_MISMATCH, this.config.num, index);
    const shard = view.getUint32(end - 4, true);
    let isDone = true;
    if (op === OP_FREEZE) isDone = this.#shards.freeze(shard, num);
    else if (op === OP_DROP) isDone = this.#shards.drop(shard, num);
    else this.#shards.dropped(shard, num);
    this.#finish(isDone ? OK : NOT_FOUND, this.config.num, index);
  }

  #adopt(config: ShardConfig, index: number): void {
    const { num } = this.config;
    if (config.num === num + 1 && !this.#shards.isHeldUpBy(config)) this.#shards.adopt(config);
    this.#finish(config.num <= this.config.num ? OK : VERSION_MISMATCH, this.config.num, index);
  }

  #take(value: Uint8Array, num: number, index: number): void {
    const chunk = decodeChunk(value)!;
    const { shard } = chunk;
    if (this.#shards.take(shard, num, chunk)) return this.#finish(OK, this.config.num, index);
    const arriving = this.#shards.arriving[shard]!;
    // Not arriving by that config any more: it is here, or was and has gone on.
    if (arriving?.num !== num) return this.#finish(OK, this.config.num, index);
    // Of another copy nothing is here: what came of the first would not fit what follows.
    const isSameCopy = chunk.stream === arriving.stream;
    this.#finish(VERSION_MISMATCH, isSameCopy ? arriving.received : 0, index);
  }

  #readShard(bytes: Uint8Array, view: DataView, at: number, end: number, index: number): void {
    const { shard, bytesMax, offset } = decodeShardRead(
      bytes.subarray(at + COMMAND_HEADER_BYTES, end),
    )!;
    const num = commandExpected(view, at);
    if (num > this.config.num) return this.#finish(VERSION_MISMATCH, this.config.num, index);
    const copy = this.#shards.copies[shard]!;
    if (copy === null || copy.state === "serving" || copy.num !== num) {
      return this.#finish(NOT_FOUND, this.config.num, index);
    }
    const isFrozen = copy.state === "frozen";
    const known = copy.stream?.read(offset, bytesMax, isFrozen) ?? null;
    const piece = known ?? this.#beginStream(copy).read(0, bytesMax, isFrozen)!;
    const from = known === null ? 0 : offset;
    this.#finish(OK, this.config.num, index);
    this.#answer(encodeChunk({ shard, stream: copy.stream!.id, offset: from, ...piece }));
  }

  #beginStream(copy: Copy): ShardStream {
    const id = (this.#streams ^ Math.imul(++this.#streamsBegun, 0x9e3779b1)) >>> 0;
    copy.stream = new ShardStream(id, copy.store);
    return copy.stream;
  }

  #shardAt(bytes: Uint8Array, view: DataView, at: number): number {
    const keyAt = at + COMMAND_HEADER_BYTES;
    const key = bytes.subarray(keyAt, keyAt + commandKeyBytes(view, at));
    return shardOf(key, this.config.shards.length);
  }

  #shardProblem(shard: number): string | null {
    return shard >= 0 && shard < this.config.shards.length ? null : `there is no shard ${shard}`;
  }

  #configProblem(value: Uint8Array): string | null {
    const shards = decodeConfig(value)?.shards.length ?? 0;
    return shards === this.config.shards.length ? null : "no config of this cluster";
  }

  #answer(value: Uint8Array): void {
    this.result.valueIn = value;
    this.result.valueAt = 0;
    this.result.valueBytes = value.length;
  }

  #finish(status: number, version: number, index: number): void {
    this.result.status = status;
    this.result.version = version;
    this.result.index = index;
    this.result.valueBytes = 0;
  }
}

/**
 * Log positions of a group as those of a shard: they grow when it moves, too. Two groups may give the same to
 * different keys.
 */
function indexOf({ epoch }: Copy, index: number): number {
  assert(index < TWO_POW_32, "a group's log has fewer than 2^32 entries");
  return epoch * TWO_POW_32 + index;
}
