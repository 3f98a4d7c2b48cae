import { asNode, asTerm, plus } from "../lib/ids.ts";
import type { Prng } from "../lib/prng.ts";
import type { HardState, Restored, SnapshotMeta } from "../raft/api.ts";
import { lastIndexOf, sliceBatch } from "../raft/batch.ts";
import type { EntryBatch } from "../raft/types.ts";
import type { DurableWrite } from "../replica/ports.ts";
import type { DiskSpeed } from "./api.ts";
import { EVENT, type World } from "./world.ts";

type Pending = { readonly write: DurableWrite; readonly durable: () => void };

const EMPTY: HardState = { term: asTerm(0), votedFor: asNode(0) };

/**
 * A node's disk as its Raft sees it: writes become durable one after the other, some time after they
 * were made. A crash loses those that are not, but for as many of the first as the crash says. A
 * sync that fails stops the node, as a real one stops (DESIGN.md, "Durability has an order").
 */
export class SimDisk {
  readonly #world: World;
  readonly #node: number;
  readonly #prng: Prng;
  #speed: DiskSpeed;
  #pending: Pending[] = [];
  /** When the last write made so far will be durable. */
  #tailMs = 0;
  /** Goes up with each crash: what the disk promised before is off. */
  #epoch = 0;
  #failing = false;
  #wiped = false;
  #hardState: HardState = EMPTY;
  #batches: EntryBatch[] = [];
  readonly #onFailure: () => void;

  constructor(world: World, node: number, speed: DiskSpeed, prng: Prng, onFailure: () => void) {
    this.#world = world;
    this.#node = node;
    this.#speed = speed;
    this.#prng = prng;
    this.#onFailure = onFailure;
  }

  /** Term and vote as they would survive a crash now. */
  get hardState(): HardState {
    return this.#hardState;
  }

  /** Whether what was durable was lost: as a node's real directory that was deleted. */
  get wiped(): boolean {
    return this.#wiped;
  }

  setSpeed(speed: DiskSpeed): void {
    this.#speed = speed;
  }

  /** The next sync fails. */
  fail(): void {
    this.#failing = true;
  }

  /** No sync fails any more. */
  repair(): void {
    this.#failing = false;
  }

  /** Calls `durable` when it, and all before it, would survive a crash. */
  write(write: DurableWrite, durable: () => void): void {
    const { latencyMs, jitterMs } = this.#speed;
    this.#pending.push({ write, durable });
    const ready = this.#world.now + latencyMs + this.#prng.float() * jitterMs;
    this.#tailMs = Math.max(this.#tailMs, ready);
    const epoch = this.#epoch;
    this.#world.at(this.#tailMs, EVENT.disk, this.#node, () => {
      if (epoch === this.#epoch) this.#sync();
    });
  }

  /** Power loss: the first `keep` (a share) of the writes under way survive. Returns how many. */
  crash(keep: number): number {
    this.#epoch++;
    this.#tailMs = 0;
    this.#failing = false;
    const kept = Math.floor(keep * this.#pending.length);
    for (const { write } of this.#pending.slice(0, kept)) this.#store(write);
    this.#pending = [];
    return kept;
  }

  /** Loses everything, and with it what the node has promised. */
  wipe(): void {
    this.#wiped = true;
    this.#hardState = EMPTY;
    this.#batches = [];
  }

  /** What a node that starts now finds, beside its newest snapshot. */
  restored(snapshot: SnapshotMeta | null = null): Restored {
    return { hardState: this.#hardState, snapshot, batches: [...this.#batches] };
  }

  /** Runs `work` after as long as a write would take now, unless the node crashes before. */
  later(work: () => void): void {
    const { latencyMs, jitterMs } = this.#speed;
    const epoch = this.#epoch;
    const at = this.#world.now + latencyMs + this.#prng.float() * jitterMs;
    this.#world.at(at, EVENT.disk, this.#node, () => {
      if (epoch === this.#epoch) work();
    });
  }

  #sync(): void {
    if (this.#failing) return this.#onFailure();
    const { write, durable } = this.#pending.shift()!;
    this.#store(write);
    durable();
  }

  /** The log begins after the snapshot, if it has its last entry; else nothing of it counts. */
  #forget({ lastIndex, lastTerm }: SnapshotMeta): void {
    const stored = this.#batches;
    const holder = stored.find((b) => b.firstIndex <= lastIndex && lastIndex <= lastIndexOf(b));
    if (holder?.term !== lastTerm) this.#batches = [];
    // A real disk deletes whole files, so that much of what is covered stays.
    else if (this.#prng.chance(0.5)) {
      this.#batches = stored.filter((batch) => lastIndexOf(batch) >= lastIndex);
    }
  }

  #store({ hardState, snapshot, batches }: DurableWrite): void {
    if (hardState !== null) this.#hardState = hardState;
    if (snapshot !== null) this.#forget(snapshot);
    const first = batches[0]?.firstIndex;
    if (first === undefined) return;
    const stored = this.#batches;
    for (let last = stored.at(-1); last !== undefined && lastIndexOf(last) >= first;) {
      stored.pop();
      if (last.firstIndex < first) stored.push(sliceBatch(last, last.firstIndex, plus(first, -1)));
      last = stored.at(-1);
    }
    stored.push(...batches);
  }
}
