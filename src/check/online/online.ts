import { OUTCOME_INFO, OUTCOME_MISMATCH, OUTCOME_OK } from "../../history/op.ts";
import { OP_APPEND, OP_DELETE, OP_GET, OP_PUT } from "../../kv/command.ts";
import { assert } from "../../lib/assert.ts";
import type { ReadValue } from "./content.ts";
import { asUnknown, newOutstanding, type Outstanding, Queue } from "./outstanding.ts";
import { KeyVersions } from "./versions.ts";
import { KeyWindow } from "./window.ts";

/** A violation, seen as the operation that shows it completed. */
export type OnlineViolation = {
  /** As fed to the checker. */
  readonly key: number;
  /** `a read by client 7 returned version 41 after client 3 had already read version 42` */
  readonly sentence: string;
  /** Of the operation that completed: who, and the rank of its invocation and its return. */
  readonly process: number;
  readonly call: number;
  readonly ret: number;
};

export type OnlineOptions = {
  /** Operations that can be outstanding at once. */
  readonly slots: number;
};

/** Keys that are followed, at 300 bytes each; later ones are left to the final check. */
const KEYS_MAX = 1 << 19;

type Key = {
  readonly queue: Queue;
  /** Null: it has a window instead. */
  versions: KeyVersions | null;
  window: KeyWindow | null;
  /** Its violation was told, and nothing more is. */
  isOver: boolean;
};

/**
 * Follows a history while it is recorded and tells violations as they happen: what it tells is one
 * in every linearization of what was fed so far, so that the full check of the same history fails
 * too. What it does not tell proves nothing. Feed it every event in the order of the recorder.
 *
 * Most keys are followed by the versions that replies tell (versions.ts): O(1) an operation. A key
 * that was deleted, or of which a reply told no version, is followed through a window (window.ts).
 * Memory is bounded: by key, by what happened during the oldest outstanding operation, and by the
 * limits of those two.
 *
 *   const checker = new OnlineChecker({ slots: 64 });
 *   checker.invoke(3, 3, OP_PUT, 17, 4711, -1);
 *   const violation = checker.complete(3, OUTCOME_OK, 5, 90210, -1);
 */
export class OnlineChecker {
  readonly #keys: (Key | undefined)[] = [];
  readonly #slots: readonly Outstanding[];
  /** By slot: the number of the key of its operation, −1: none that is followed. */
  readonly #keyOf: Int32Array;
  #followed = 0;
  #rank = 0;

  constructor({ slots }: OnlineOptions) {
    this.#slots = Array.from({ length: slots }, newOutstanding);
    this.#keyOf = new Int32Array(slots).fill(-1);
  }

  /**
   * Slot `slot`, which has nothing outstanding, is about to send an operation for `process`.
   * `key`: a small number ≥ 0; `value`, `expected`: as in HistoryWriter.invoke, values being numbers.
   */
  invoke(
    slot: number,
    process: number,
    op: number,
    key: number,
    value: number,
    expected: number,
  ): void {
    const o = this.#slots[slot];
    assert(o !== undefined, "no such slot");
    o.call = this.#rank++;
    const state = this.#keys[key] ?? this.#follow(key);
    if (state === null || state.isOver) {
      this.#keyOf[slot] = -1;
      return;
    }
    this.#keyOf[slot] = key;
    o.process = process;
    o.op = op;
    o.value = value;
    o.expected = expected;
    if (op > OP_DELETE) this.#openWindow(state).giveUp();
    else if (op === OP_DELETE) this.#openWindow(state);
    state.versions?.begin(o);
    o.orderFloor = state.window?.latestOrder ?? 0;
    state.queue.add(o);
  }

  /**
   * The operation of `slot` has ended: as HistoryWriter.complete is told, the value of a get being a
   * number, or the text of its parts. Returns the violation that this shows, one a key at most.
   */
  complete(
    slot: number,
    outcome: number,
    version: number,
    index: number,
    value: ReadValue,
  ): OnlineViolation | null {
    const ret = this.#rank++;
    const key = this.#keyOf[slot]!;
    if (key < 0) return null;
    this.#keyOf[slot] = -1;
    const state = this.#keys[key]!;
    const o = this.#slots[slot]!;
    state.queue.remove(o);
    if (state.isOver) return null;
    const isAnswer = outcome === OUTCOME_OK || outcome === OUTCOME_MISMATCH;
    if (isAnswer && version < 0) this.#openWindow(state);
    let sentence: string | null;
    if (state.versions !== null) {
      sentence = byVersion(state.versions, o, outcome, version, value);
    } else {
      const told = { outcome, version, index, ret };
      const { process, op, expected, call } = o;
      const own = op === OP_GET ? value : o.value;
      if (isAnswer) {
        sentence = state.window!.answered({ process, op, expected, call, value: own, ...told });
      } else {
        if (outcome === OUTCOME_INFO && op !== OP_GET) state.window!.lost(asUnknown(o));
        sentence = null;
      }
    }
    if (sentence === null) return null;
    state.isOver = true;
    state.versions = null;
    state.window?.giveUp();
    return { key, sentence, process: o.process, call: o.call, ret };
  }

  #follow(key: number): Key | null {
    if (this.#followed >= KEYS_MAX) return null;
    this.#followed++;
    const queue = new Queue();
    const state: Key = { queue, versions: new KeyVersions(queue), window: null, isOver: false };
    // Without holes: a sparse array would be a hash table.
    while (this.#keys.length <= key) this.#keys.push(undefined);
    this.#keys[key] = state;
    return state;
  }

  /** From here on the key is followed through a window. */
  #openWindow(state: Key): KeyWindow {
    if (state.window !== null) return state.window;
    const { queue, versions } = state;
    // The event at hand has the rank before this one; what came before it is not known.
    const cut = versions!.isUntouched ? -1 : this.#rank - 2;
    state.window = new KeyWindow(queue, cut, versions!.account.unknown);
    if (versions!.account.isLossy) state.window.giveUp();
    state.versions = null;
    return state.window;
  }
}

function byVersion(
  versions: KeyVersions,
  o: Outstanding,
  outcome: number,
  version: number,
  value: ReadValue,
): string | null {
  const isWrite = o.op === OP_PUT || o.op === OP_APPEND;
  if (outcome === OUTCOME_OK) {
    const wrong = isWrite ? versions.written(o, version) : versions.read(o, version, value);
    return wrong ?? versions.told(o, version, isWrite);
  }
  if (outcome === OUTCOME_MISMATCH) {
    return versions.refused(o, version) ?? versions.told(o, version, false);
  }
  if (outcome === OUTCOME_INFO && isWrite) versions.account.lost(asUnknown(o));
  return versions.told(o, -1, false);
}
