import { HistoryWriter } from "../history/codec.ts";
import { OUTCOME_INFO } from "../history/op.ts";
import { keyText } from "./keys.ts";

/** Distinct texts that are remembered; a text beyond that is written out again when it comes back. */
const TEXTS_MAX = 50_000;

/** Is told what is recorded, in the same order: the online checker of a run. */
export type Follower = {
  /** `process`: as whom the worker is recorded. `key`: its number in the workload. */
  invoke(
    worker: number,
    process: number,
    op: number,
    key: number,
    value: number,
    expected: number,
  ): void;
  complete(
    worker: number,
    outcome: number,
    version: number,
    index: number,
    value: number | string,
    now: number,
  ): void;
};

/**
 * Writes what the workers of one generator do into one history, in the order in which it is told.
 * Workers are slots; a worker goes on as a new process after an operation whose outcome is unknown.
 */
export class Recorder {
  readonly writer: HistoryWriter;
  readonly #originUs: number;
  readonly #processOf: Int32Array;
  #processes: number;
  /** History's key id of each key; -1: not met yet. */
  readonly #keyIds: Int32Array;
  readonly #texts = new Map<string, number>();
  readonly #follower: Follower | null;

  /** `originUs`: epoch microseconds at which the clock of `now` (milliseconds) reads 0. */
  constructor(
    workers: number,
    keys: number,
    originUs: number,
    now: number,
    follower: Follower | null = null,
  ) {
    this.#follower = follower;
    this.#originUs = originUs;
    this.#processOf = Int32Array.from({ length: workers }, (_, i) => i);
    this.#processes = workers;
    this.#keyIds = new Int32Array(keys).fill(-1);
    this.writer = new HistoryWriter(originUs + now * 1000);
  }

  /** Before the request is sent. `value`: the number of a put or append; -1: none. */
  invoke(
    worker: number,
    op: number,
    key: number,
    value: number,
    expected: number,
    now: number,
  ): void {
    let id = this.#keyIds[key]!;
    if (id === -1) {
      id = this.writer.defineKey(keyText(key));
      this.#keyIds[key] = id;
    }
    const atUs = this.#originUs + now * 1000;
    const process = this.#processOf[worker]!;
    this.writer.invoke(process, op, id, value, expected, atUs);
    this.#follower?.invoke(worker, process, op, key, value, expected);
  }

  /** After the reply was read. `value`: what a get read, by ValueCodec.read; -1: nothing. */
  complete(
    worker: number,
    outcome: number,
    version: number,
    index: number,
    value: number | string,
    now: number,
  ): void {
    const handle = typeof value === "number" ? value : this.#textHandle(value);
    const atUs = this.#originUs + now * 1000;
    this.writer.complete(this.#processOf[worker]!, outcome, version, index, handle, atUs);
    this.#follower?.complete(worker, outcome, version, index, value, now);
    if (outcome === OUTCOME_INFO) this.#processOf[worker] = this.#processes++;
  }

  #textHandle(text: string): number {
    let handle = this.#texts.get(text);
    if (handle === undefined) {
      if (this.#texts.size >= TEXTS_MAX) this.#texts.clear();
      handle = this.writer.defineValue(text);
      this.#texts.set(text, handle);
    }
    return handle;
  }
}
