import {
  commandOp,
  commandProblem,
  commandSeq,
  commandSession,
  isReadOp,
  OP_OPEN_SESSION,
} from "./command.ts";
import { type SessionRecord, SessionTable } from "./session-table.ts";
import { StateReader, StateWriter } from "./snapshot.ts";
import type { Result, SnapshotReader, SnapshotWriter, StateMachine } from "./state-machine.ts";
import { INVALID, OK, SESSION_EXPIRED } from "./status.ts";
import { KvStore, newResult } from "./store.ts";

/** Sessions kept; opening one more forgets the least recently used. */
export const SESSIONS_MAX = 65_536;

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
  #store: KvStore;
  #sessions: SessionTable;
  #snapshot: StateReader | null = null;

  /** `result`: where outcomes go; stores may share one. */
  constructor(sessionsMax = SESSIONS_MAX, result: Result = newResult()) {
    this.#store = new KvStore(result);
    this.result = result;
    this.#sessions = new SessionTable(sessionsMax);
  }

  /** The store below; a restore replaces it. */
  get store(): KvStore {
    return this.#store;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  problem(_bytes: Uint8Array, view: DataView, at: number, end: number): string | null {
    return commandProblem(view, at, end);
  }

  isRead(view: DataView, at: number): boolean {
    return isReadOp(commandOp(view, at));
  }

  apply(bytes: Uint8Array, view: DataView, at: number, end: number, index: number): void {
    const session = commandSession(view, at);
    const op = commandOp(view, at);
    if (op === OP_OPEN_SESSION) return this.#open(index);
    if (session === 0 || isReadOp(op)) return this.#store.apply(bytes, view, at, end, index);
    const sessions = this.#sessions;
    const slot = sessions.use(session);
    if (slot < 0) return this.#finish(SESSION_EXPIRED, 0, index);
    const seq = commandSeq(view, at);
    const last = sessions.seqs[slot]!;
    if (seq === 0) return this.#finish(INVALID, 0, index);
    if (seq < last) return this.#finish(SESSION_EXPIRED, 0, index);
    if (seq === last) {
      return this.#finish(
        sessions.statuses[slot]!,
        sessions.versions[slot]!,
        sessions.indexes[slot]!,
      );
    }
    this.#store.apply(bytes, view, at, end, index);
    sessions.set(slot, seq, this.result.status, this.result.version, index);
  }

  prefetch(view: DataView, ats: Uint32Array, count: number): void {
    this.#store.prefetch(view, ats, count);
  }

  read(bytes: Uint8Array, view: DataView, at: number, end: number, index: number): void {
    this.#store.read(bytes, view, at, end, index);
  }

  beginSnapshot(): SnapshotReader {
    this.#snapshot?.close();
    this.#snapshot = new StateReader(this.#store, this.#sessions);
    return this.#snapshot;
  }

  /** Builds the state from a ShardStream, beside this one. */
  beginArrival(): SnapshotWriter {
    return this.#begin(true);
  }

  beginRestore(): SnapshotWriter {
    return this.#begin(false);
  }

  #begin(isStream: boolean): SnapshotWriter {
    const store = new KvStore(this.result);
    const sessions = new SessionTable(this.#sessions.max);
    const replace = (): void => {
      this.#snapshot?.close();
      this.#store = store;
      this.#sessions = sessions;
    };
    return new StateWriter(store, sessions, replace, isStream);
  }

  /** Equal on replicas that applied the same log: the store's digest, then that of the sessions. */
  digest(): string {
    const { ids, seqs, statuses, versions, indexes } = this.#sessions;
    let hash = this.#sessions.size;
    const mix = (value: number): void => {
      hash = Math.imul(hash ^ (value >>> 0), 0x85ebca6b);
      hash = (hash << 13) | (hash >>> 19);
    };
    for (const slot of this.#sessions.slots()) {
      mix(ids[slot]!);
      mix(seqs[slot]!);
      mix(statuses[slot]!);
      mix(versions[slot]!);
      mix(indexes[slot]!);
    }
    return `${this.#store.digest()}-${(hash >>> 0).toString(16).padStart(8, "0")}`;
  }

  /** The sessions as they are now, oldest use first. */
  sessionRecords(): IterableIterator<SessionRecord> {
    return this.#sessions.frozen();
  }

  /** The sessions by last use, newest first: their ids. */
  *sessionIds(): IterableIterator<number> {
    for (const slot of this.#sessions.slots()) yield this.#sessions.ids[slot]!;
  }

  #open(index: number): void {
    this.#sessions.open(index);
    this.#finish(OK, 0, index);
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
