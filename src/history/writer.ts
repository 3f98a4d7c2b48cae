import { assert, broken } from "../lib/assert.ts";
import {
  CLOCK_BYTES,
  COMPLETE_BYTES,
  EVENT_BYTES_MAX,
  FIELD_EXPECTED,
  FIELD_INDEX,
  FIELD_VALUE,
  FIELD_VERSION,
  HISTORY_HEADER_BYTES,
  HISTORY_MAGIC,
  HISTORY_VERSION,
  INVOKE_BYTES,
  KIND_CLOCK,
  KIND_COMPLETE,
  KIND_INVOKE,
  KIND_KEY,
  KIND_VALUE,
  NAME_BYTES,
  NO_VALUE,
  PROCESS_MAX,
  textHandle,
} from "./format.ts";

const DELTA_MAX = 0x7fff_ffff;

/**
 * Encodes a history as it happens (format.ts): nothing is allocated for an operation, and nothing
 * is written to disk here. The caller drains `take()`, now and then and at the end, into the file:
 *
 *   const writer = new HistoryWriter(nowUs);
 *   const k17 = writer.defineKey("k17");
 *   writer.invoke(7, OP_PUT, k17, 4711, -1, nowUs);          // put k17 v4711, unconditional
 *   writer.complete(7, OUTCOME_OK, 3, 90210, NO_VALUE, nowUs); // version 3, at log index 90210
 *   for (let b = writer.take(); b !== null; b = writer.take()) file.write(b);
 *
 * The order of the calls is the order of events, so call `invoke` before the request is sent and
 * `complete` after the response was read. A file that ends in the middle of a record reads well:
 * operations without `complete` are info.
 */
export class HistoryWriter {
  readonly #blockBytes: number;
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView<ArrayBuffer>;
  /** The current block holds records in [#start, #end) that nobody took yet. */
  #start = 0;
  #end = HISTORY_HEADER_BYTES;
  #full: Uint8Array[] = [];
  #lastUs: number;
  #keys = 0;
  #values = 0;

  /** `startUs`: epoch microseconds. `blockBytes`: a block is at least so long. */
  constructor(startUs: number, blockBytes = 1 << 18) {
    if (blockBytes < 64) broken(`blocks of ${blockBytes} bytes`);
    this.#blockBytes = blockBytes;
    this.#bytes = new Uint8Array(blockBytes);
    this.#view = new DataView(this.#bytes.buffer);
    this.#lastUs = Math.round(startUs);
    this.#view.setUint32(0, HISTORY_MAGIC, true);
    this.#view.setUint32(4, HISTORY_VERSION, true);
    this.#view.setFloat64(8, this.#lastUs, true);
  }

  /** Names a key and returns its id: 0, 1, 2 …. Once a key, before its first operation. */
  defineKey(text: string): number {
    this.#name(KIND_KEY, text);
    return this.#keys++;
  }

  /**
   * Names a value that is not a plain number and returns the handle to pass as `value`, below
   * NO_VALUE. A get after appends reads a text: the names of its parts, put together without
   * anything between (put 5, append 9: "v5v9").
   */
  defineValue(text: string): number {
    this.#name(KIND_VALUE, text);
    return textHandle(this.#values++);
  }

  /**
   * An operation is about to be sent.
   *
   * process   who sends it, 0 … PROCESS_MAX − 1: one operation at a time, and never used again
   *           after an operation whose outcome is info
   * op        OP_GET, OP_PUT, OP_APPEND or OP_DELETE
   * value     put and append: the argument, as a number ≥ 0 that names the value (safe integer)
   *           or a handle of defineValue; otherwise NO_VALUE
   * expected  version that a versioned put expects; −1: unconditional
   * atUs      epoch microseconds
   */
  invoke(
    process: number,
    op: number,
    key: number,
    value: number,
    expected: number,
    atUs: number,
  ): void {
    // Messages without values: building a string would cost more than the record.
    assert(process >= 0 && process < PROCESS_MAX, "process out of range");
    assert(key < this.#keys, "key is not defined");
    this.#reserve(CLOCK_BYTES + EVENT_BYTES_MAX);
    const delta = this.#delta(atUs);
    const view = this.#view;
    const at = this.#end;
    let end = at + INVOKE_BYTES;
    let fields = 0;
    if (value !== NO_VALUE) {
      fields = FIELD_VALUE;
      view.setFloat64(end, value, true);
      end += 8;
    }
    if (expected >= 0) {
      fields |= FIELD_EXPECTED;
      view.setFloat64(end, expected, true);
      end += 8;
    }
    view.setUint32(at, KIND_INVOKE | (op << 8) | (fields << 16), true);
    view.setInt32(at + 4, delta, true);
    view.setUint32(at + 8, process, true);
    view.setUint32(at + 12, key, true);
    this.#end = end;
  }

  /**
   * The outcome of the operation that `process` has outstanding.
   *
   * outcome   OUTCOME_OK (also a get or delete of an absent key: version 0, NO_VALUE),
   *           OUTCOME_MISMATCH, OUTCOME_FAIL (it did not happen) or OUTCOME_INFO (unknown)
   * version   the key's version as the reply said, 0: absent; −1: not known
   * index     log index as the reply said; 0: not known
   * value     get: what was read, as in `invoke`; NO_VALUE: the key is absent, or no get
   */
  complete(
    process: number,
    outcome: number,
    version: number,
    index: number,
    value: number,
    atUs: number,
  ): void {
    this.#reserve(CLOCK_BYTES + EVENT_BYTES_MAX);
    const delta = this.#delta(atUs);
    const view = this.#view;
    const at = this.#end;
    let end = at + COMPLETE_BYTES;
    let fields = 0;
    if (value !== NO_VALUE) {
      fields = FIELD_VALUE;
      view.setFloat64(end, value, true);
      end += 8;
    }
    if (version >= 0) {
      fields |= FIELD_VERSION;
      view.setFloat64(end, version, true);
      end += 8;
    }
    if (index > 0) {
      fields |= FIELD_INDEX;
      view.setFloat64(end, index, true);
      end += 8;
    }
    view.setUint32(at, KIND_COMPLETE | (outcome << 8) | (fields << 16), true);
    view.setInt32(at + 4, delta, true);
    view.setUint32(at + 8, process, true);
    this.#end = end;
  }

  /**
   * The next bytes of the file, or null when all were taken. They belong to the caller. Cheap:
   * to write large pieces only, call it while `pendingBytes` is large.
   */
  take(): Uint8Array | null {
    const full = this.#full.shift();
    if (full !== undefined) return full;
    if (this.#end === this.#start) return null;
    const rest = this.#bytes.subarray(this.#start, this.#end);
    this.#start = this.#end;
    return rest;
  }

  /** Bytes that `take` would return. */
  get pendingBytes(): number {
    let bytes = this.#end - this.#start;
    for (const block of this.#full) bytes += block.length;
    return bytes;
  }

  #name(kind: number, text: string): void {
    const name = new TextEncoder().encode(text);
    this.#reserve(NAME_BYTES + name.length);
    this.#view.setUint32(this.#end, kind, true);
    this.#view.setUint32(this.#end + 4, name.length, true);
    this.#bytes.set(name, this.#end + NAME_BYTES);
    this.#end += NAME_BYTES + name.length;
  }

  /** Whole microseconds since the last event; a jump that does not fit becomes a clock record. */
  #delta(atUs: number): number {
    const sinceUs = atUs - this.#lastUs;
    if (sinceUs > DELTA_MAX || sinceUs < -DELTA_MAX) return this.#clock(Math.round(atUs));
    // What is cut off here counts towards the next. Rounding the large time itself costs 15 ns.
    const delta = sinceUs | 0;
    this.#lastUs += delta;
    return delta;
  }

  #clock(us: number): 0 {
    this.#lastUs = us;
    this.#view.setUint32(this.#end, KIND_CLOCK, true);
    this.#view.setFloat64(this.#end + 4, us, true);
    this.#end += CLOCK_BYTES;
    return 0;
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return;
    if (this.#end > this.#start) this.#full.push(this.#bytes.subarray(this.#start, this.#end));
    this.#bytes = new Uint8Array(Math.max(this.#blockBytes, bytes));
    this.#view = new DataView(this.#bytes.buffer);
    this.#start = 0;
    this.#end = 0;
  }
}
