import { SessionedStore } from "./sessions.ts";
import { NO_GROUP, type ShardConfig } from "./shard-config.ts";
import type { ShardChunk, ShardsReport, ShardState } from "./shard-ops.ts";
import type { ShardStream } from "./shard-stream.ts";
import { SnapshotFormatError } from "./snapshot-format.ts";
import type { Result, SnapshotWriter } from "./state-machine.ts";

/** Sessions of one shard. */
const SESSIONS_MAX = 16_384;

/** A shard's data in this group. */
export type Copy = {
  state: "serving" | "leaving" | "frozen";
  /** leaving, frozen: of the config by which it is `to`'s. serving: 0. */
  num: number;
  to: number;
  /** Of the config that brought it here: the upper part of every index that its replies tell. */
  readonly epoch: number;
  readonly store: SessionedStore;
  /** How its new owner reads it, from this node: no part of the replicated state. */
  stream: ShardStream | null;
};

/** A shard that is ours and not here yet. */
export type Arriving = {
  readonly num: number;
  readonly from: number;
  /** Names the copy that it is read from; none before the first chunk. */
  stream: number | null;
  received: number;
  /** What has come, for snapshots of this group; a new array with each piece. */
  pieces: readonly Uint8Array[];
  store: SessionedStore;
  writer: SnapshotWriter;
};

export type ToDrop = ShardsReport["toDrop"][number];

/**
 * The shards of one group as it takes one config after the other (docs/adr/0020): what it serves, what
 * it keeps for others, what is on its way, and whom it has to tell that something has arrived.
 */
export class ShardCopies {
  readonly #group: number;
  readonly #result: Result;
  config: ShardConfig;
  readonly copies: (Copy | null)[];
  readonly arriving: (Arriving | null)[];
  /** By shard: who had it last, so that one that nobody owns for a while can be found again. */
  readonly lastOwners: number[];
  toDrop: readonly ToDrop[] = [];

  constructor(group: number, config: ShardConfig, result: Result) {
    this.#group = group;
    this.#result = result;
    this.config = config;
    const count = config.shards.length;
    this.copies = new Array<Copy | null>(count).fill(null);
    this.arriving = new Array<Arriving | null>(count).fill(null);
    this.lastOwners = new Array<number>(count).fill(NO_GROUP);
  }

  /** The copy that serves the shard; null: another group does, or none yet. */
  serving(shard: number): Copy | null {
    const copy = this.copies[shard]!;
    return copy === null || copy.state === "frozen" ? null : copy;
  }

  /** A shard is still arriving that `next` gives to another group: it must come to us first. */
  isHeldUpBy(next: ShardConfig): boolean {
    return this.arriving.some((a, shard) => a !== null && next.shards[shard] !== this.#group);
  }

  /** Takes the next config; the caller has made sure that it is that, and not held up. */
  adopt(next: ShardConfig): void {
    for (const [shard, owner] of next.shards.entries()) {
      const before = this.config.shards[shard]!;
      if (before !== NO_GROUP) this.lastOwners[shard] = before;
      if (owner !== before) this.#change(shard, owner, next.num);
    }
    this.config = next;
  }

  #change(shard: number, owner: number, num: number): void {
    const copy = this.copies[shard]!;
    if (owner === this.#group) {
      const from = this.lastOwners[shard]!;
      if (from === NO_GROUP) this.copies[shard] = this.newCopy(num);
      // Nobody had it since: it is here still.
      else if (from === this.#group) {
        Object.assign(copy!, { state: "serving", num: 0, to: NO_GROUP, stream: null });
      } else this.arriving[shard] = this.newArriving(num, from);
    } else if (copy?.state === "serving" || (copy?.state === "leaving" && copy.to === NO_GROUP)) {
      Object.assign(copy, { state: "leaving", num, to: owner, stream: null });
    }
  }

  /** The shard serves no more, and may be copied. False: it is not leaving by config `num`. */
  freeze(shard: number, num: number): boolean {
    const copy = this.copies[shard]!;
    if (copy === null || copy.state === "serving" || copy.num !== num) return false;
    copy.state = "frozen";
    return true;
  }

  /** Takes a piece of a shard. False: not that one; `arriving.received` says where to go on. */
  take(shard: number, num: number, chunk: ShardChunk): boolean {
    let arriving = this.arriving[shard]!;
    if (arriving === null || arriving.num !== num) return false;
    if (chunk.offset === 0 && chunk.stream !== arriving.stream) {
      arriving = this.newArriving(num, arriving.from);
      arriving.stream = chunk.stream;
      this.arriving[shard] = arriving;
    }
    if (chunk.stream !== arriving.stream || chunk.offset !== arriving.received) return false;
    try {
      arriving.writer.write(chunk.bytes);
      if (chunk.then === "end") arriving.writer.finish();
    } catch (error) {
      if (!(error instanceof SnapshotFormatError)) throw error;
      this.arriving[shard] = this.newArriving(num, arriving.from);
      return false;
    }
    if (chunk.then === "end") this.#install(shard, arriving);
    else {
      arriving.received += chunk.bytes.length;
      // A copy: the chunk is a view of a batch of the log, which it would keep in memory.
      arriving.pieces = [...arriving.pieces, chunk.bytes.slice()];
    }
    return true;
  }

  #install(shard: number, { num, from, store }: Arriving): void {
    this.copies[shard] = this.newCopy(num, store);
    this.arriving[shard] = null;
    this.toDrop = [...this.toDrop, { shard, num, from }];
  }

  /** The copy left by config `num` has arrived. False: it is being served still, which cannot be. */
  drop(shard: number, num: number): boolean {
    const copy = this.copies[shard]!;
    if (copy === null || copy.state === "serving" || copy.num !== num) return true;
    if (copy.state === "leaving") return false;
    this.copies[shard] = null;
    return true;
  }

  dropped(shard: number, num: number): void {
    this.toDrop = this.toDrop.filter((one) => one.shard !== shard || one.num !== num);
  }

  report(): ShardsReport {
    const shards: ShardState[] = [];
    for (const [shard, copy] of this.copies.entries()) {
      if (copy !== null) {
        const { state, num, to: other, store } = copy;
        shards.push({ shard, state, num, other, keys: store.store.size, bytes: 0 });
      }
      const arriving = this.arriving[shard]!;
      if (arriving === null) continue;
      const { num, from: other, received: bytes } = arriving;
      shards.push({ shard, state: "arriving", num, other, keys: 0, bytes });
    }
    return { group: this.#group, num: this.config.num, shards, toDrop: this.toDrop };
  }

  newCopy(epoch: number, store = this.newStore()): Copy {
    return { state: "serving", num: 0, to: NO_GROUP, epoch, store, stream: null };
  }

  newArriving(num: number, from: number): Arriving {
    const store = this.newStore();
    const writer = store.beginArrival();
    return { num, from, stream: null, received: 0, pieces: [], store, writer };
  }

  newStore(): SessionedStore {
    return new SessionedStore(SESSIONS_MAX, this.#result);
  }
}
