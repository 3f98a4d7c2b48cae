const NO_SLOT = -1;
/** Slots that a table begins with: a node may have thousands of shards, most of them with few sessions. */
const SLOTS_MIN = 64;

/** A session and its last result, as in a snapshot. */
export type SessionRecord = {
  readonly id: number;
  readonly seq: number;
  readonly status: number;
  readonly version: number;
  readonly index: number;
};

/**
 * The sessions of sessions.ts: by id, and in order of last use. Arrays by slot instead of objects: a
 * full table is seven of them and not 65,536 objects for the garbage collector.
 */
export class SessionTable {
  readonly max: number;
  readonly #slotOf = new Map<number, number>();
  ids: Float64Array;
  seqs: Uint32Array;
  statuses: Uint8Array;
  versions: Float64Array;
  indexes: Float64Array;
  // Link the slots in order of last use.
  #newer: Int32Array;
  #older: Int32Array;
  #newest = NO_SLOT;
  #oldest = NO_SLOT;

  constructor(max: number) {
    this.max = max;
    const slots = Math.min(max, SLOTS_MIN);
    this.ids = new Float64Array(slots);
    this.seqs = new Uint32Array(slots);
    this.statuses = new Uint8Array(slots);
    this.versions = new Float64Array(slots);
    this.indexes = new Float64Array(slots);
    this.#newer = new Int32Array(slots);
    this.#older = new Int32Array(slots);
  }

  get size(): number {
    return this.#slotOf.size;
  }

  /** The slot of a session, which then counts as used last; -1 when it is not known. */
  use(id: number): number {
    const slot = this.#slotOf.get(id);
    if (slot === undefined) return NO_SLOT;
    if (slot !== this.#newest) {
      this.#unlink(slot);
      this.#linkNewest(slot);
    }
    return slot;
  }

  /** Enters a session as the one used last; a full table forgets the one used least recently. */
  open(id: number): void {
    let slot = this.size;
    if (slot === this.max) {
      slot = this.#oldest;
      this.#unlink(slot);
      this.#slotOf.delete(this.ids[slot]!);
    } else if (slot === this.ids.length) {
      this.#grow(Math.min(this.max, 4 * slot));
    }
    this.#slotOf.set(id, slot);
    this.ids[slot] = id;
    this.seqs[slot] = 0;
    this.statuses[slot] = 0;
    this.versions[slot] = this.indexes[slot] = 0;
    this.#linkNewest(slot);
  }

  set(slot: number, seq: number, status: number, version: number, index: number): void {
    this.seqs[slot] = seq;
    this.statuses[slot] = status;
    this.versions[slot] = version;
    this.indexes[slot] = index;
  }

  /** Slots by last use, newest first. */
  *slots(): IterableIterator<number> {
    for (let slot = this.#newest; slot !== NO_SLOT; slot = this.#older[slot]!) yield slot;
  }

  /** The sessions as they are now, oldest first; later changes do not show in it. */
  frozen(): IterableIterator<SessionRecord> {
    const { size } = this;
    return walk(
      this.#oldest,
      this.#newer.slice(0, size),
      this.ids.slice(0, size),
      this.seqs.slice(0, size),
      this.statuses.slice(0, size),
      this.versions.slice(0, size),
      this.indexes.slice(0, size),
    );
  }

  /** Enters a session of a snapshot; they come oldest first. False: it is here, or one too many. */
  restore({ id, seq, status, version, index }: SessionRecord): boolean {
    if (this.size === this.max || this.#slotOf.has(id)) return false;
    this.open(id);
    this.set(this.#newest, seq, status, version, index);
    return true;
  }

  #grow(slots: number): void {
    const grown = <T extends Float64Array | Uint32Array | Uint8Array | Int32Array>(
      to: T,
      from: T,
    ): T => {
      to.set(from);
      return to;
    };
    this.ids = grown(new Float64Array(slots), this.ids);
    this.seqs = grown(new Uint32Array(slots), this.seqs);
    this.statuses = grown(new Uint8Array(slots), this.statuses);
    this.versions = grown(new Float64Array(slots), this.versions);
    this.indexes = grown(new Float64Array(slots), this.indexes);
    this.#newer = grown(new Int32Array(slots), this.#newer);
    this.#older = grown(new Int32Array(slots), this.#older);
  }

  #unlink(slot: number): void {
    const newer = this.#newer[slot]!;
    const older = this.#older[slot]!;
    if (newer === NO_SLOT) this.#newest = older;
    else this.#older[newer] = older;
    if (older === NO_SLOT) this.#oldest = newer;
    else this.#newer[older] = newer;
  }

  #linkNewest(slot: number): void {
    this.#newer[slot] = NO_SLOT;
    this.#older[slot] = this.#newest;
    if (this.#newest === NO_SLOT) this.#oldest = slot;
    else this.#newer[this.#newest] = slot;
    this.#newest = slot;
  }
}

function* walk(
  oldest: number,
  newer: Int32Array,
  ids: Float64Array,
  seqs: Uint32Array,
  statuses: Uint8Array,
  versions: Float64Array,
  indexes: Float64Array,
): IterableIterator<SessionRecord> {
  for (let slot = oldest; slot !== NO_SLOT; slot = newer[slot]!) {
    yield {
      id: ids[slot]!,
      seq: seqs[slot]!,
      status: statuses[slot]!,
      version: versions[slot]!,
      index: indexes[slot]!,
    };
  }
}
