import { commandOp, commandSeq, commandSession, OP_GET, OP_OPEN_SESSION } from "./command.ts";
import type { Result, StateMachine } from "./state-machine.ts";
import { INVALID, OK, SESSION_EXPIRED } from "./status.ts";
import { KvStore } from "./store.ts";

/** Sessions kept; opening one more forgets the least recently used. */
export const SESSIONS_MAX = 65_536;
const NO_SLOT = -1;

/**
 * Exactly-once: a decorator that applies each operation of a session at most once (thesis §6.3).
 *
 * A session is registered through the log, and its id is the log index of that entry. A client has
 * one operation of a session outstanding at a time and numbers them upwards; a seq may be left out
 * (its operation was refused before it reached the log). Per session only the last result is kept:
 *
 * - seq above the last: applied, and its result remembered;
 * - seq equal to the last: a retry, answered with the first result and its index;
 * - seq below the last: sessionExpired, because that outcome is no longer known;
 * - unknown session (never opened, or evicted): sessionExpired, and nothing is applied;
 * - session 0: applied without any of this; seq 0 within a session: invalid.
 *
 * Beyond `sessionsMax` the session that was used least recently, in log order, is evicted, so every
 * replica evicts the same one. openSession is not deduplicated: a retry opens one more.
 */
export class SessionedStore implements StateMachine {
  readonly result: Result;
  readonly store: KvStore;
  readonly #sessionsMax: number;
  readonly #slotOf = new Map<number, number>();
  // By slot. `#newer` and `#older` link the slots in order of last use.
  readonly #ids: Float64Array;
  readonly #seqs: Uint32Array;
  readonly #statuses: Uint8Array;
  readonly #versions: Float64Array;
  readonly #indexes: Float64Array;
  readonly #newer: Int32Array;
  readonly #older: Int32Array;
  #newest = NO_SLOT;
  #oldest = NO_SLOT;

  constructor(sessionsMax = SESSIONS_MAX) {
    this.store = new KvStore();
    this.result = this.store.result;
    this.#sessionsMax = sessionsMax;
    this.#ids = new Float64Array(sessionsMax);
    this.#seqs = new Uint32Array(sessionsMax);
    this.#statuses = new Uint8Array(sessionsMax);
    this.#versions = new Float64Array(sessionsMax);
    this.#indexes = new Float64Array(sessionsMax);
    this.#newer = new Int32Array(sessionsMax);
    this.#older = new Int32Array(sessionsMax);
  }

  get sessionCount(): number {
    return this.#slotOf.size;
  }

  apply(bytes: Uint8Array, view: DataView, at: number, end: number, index: number): void {
    const session = commandSession(view, at);
    const op = commandOp(view, at);
    if (op === OP_OPEN_SESSION) return this.#open(index);
    if (session === 0 || op === OP_GET) return this.store.apply(bytes, view, at, end, index);
    const slot = this.#slotOf.get(session);
    if (slot === undefined) return this.#finish(SESSION_EXPIRED, 0, index);
    this.#touch(slot);
    const seq = commandSeq(view, at);
    const last = this.#seqs[slot]!;
    if (seq === 0) return this.#finish(INVALID, 0, index);
    if (seq < last) return this.#finish(SESSION_EXPIRED, 0, index);
    if (seq === last) {
      return this.#finish(this.#statuses[slot]!, this.#versions[slot]!, this.#indexes[slot]!);
    }
    this.store.apply(bytes, view, at, end, index);
    this.#seqs[slot] = seq;
    this.#statuses[slot] = this.result.status;
    this.#versions[slot] = this.result.version;
    this.#indexes[slot] = index;
  }

  read(bytes: Uint8Array, view: DataView, at: number, end: number): void {
    this.store.read(bytes, view, at, end);
  }

  /** Equal on replicas that applied the same log: the store's digest, then that of the sessions. */
  digest(): string {
    let hash = this.#slotOf.size;
    const mix = (value: number): void => {
      hash = Math.imul(hash ^ (value >>> 0), 0x85ebca6b);
      hash = (hash << 13) | (hash >>> 19);
    };
    for (let slot = this.#newest; slot !== NO_SLOT; slot = this.#older[slot]!) {
      mix(this.#ids[slot]!);
      mix(this.#seqs[slot]!);
      mix(this.#statuses[slot]!);
      mix(this.#versions[slot]!);
      mix(this.#indexes[slot]!);
    }
    return `${this.store.digest()}-${(hash >>> 0).toString(16).padStart(8, "0")}`;
  }

  /** The sessions by last use, newest first: their ids. */
  *sessionIds(): IterableIterator<number> {
    for (let slot = this.#newest; slot !== NO_SLOT; slot = this.#older[slot]!) {
      yield this.#ids[slot]!;
    }
  }

  #open(index: number): void {
    let slot = this.#slotOf.size;
    if (slot === this.#sessionsMax) {
      slot = this.#oldest;
      this.#unlink(slot);
      this.#slotOf.delete(this.#ids[slot]!);
    }
    this.#slotOf.set(index, slot);
    this.#ids[slot] = index;
    this.#seqs[slot] = 0;
    this.#linkNewest(slot);
    this.#finish(OK, 0, index);
  }

  #touch(slot: number): void {
    if (slot === this.#newest) return;
    this.#unlink(slot);
    this.#linkNewest(slot);
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

  #finish(status: number, version: number, index: number): void {
    this.result.status = status;
    this.result.version = version;
    this.result.index = index;
    this.result.valueBytes = 0;
  }
}

/** The state machine of a node: the versioned store with exactly-once sessions. */
export const createStateMachine = (sessionsMax?: number): SessionedStore =>
  new SessionedStore(sessionsMax);
