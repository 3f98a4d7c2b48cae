import { OP_DELETE, VALUE_BYTES_MAX } from "../kv/command.ts";
import { UserError } from "../lib/user-error.ts";
import { type Columns, columnsOf } from "./columns.ts";
import {
  CLOCK_BYTES,
  COMPLETE_BYTES,
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
import { type History, NO_RETURN, OUTCOME_INFO, OUTCOME_OK } from "./op.ts";
import { TextNames } from "./text-names.ts";
import { ValueNames } from "./value-names.ts";

/**
 * Decodes a history file (format.ts). A tail that ends inside a record, as a killed generator
 * leaves it, is cut; operations that never completed are info. Anything else that is wrong throws
 * UserError with the offset and the reason. `name` is what messages call the file.
 */
export const readHistory = (bytes: Uint8Array, name = "history"): History =>
  readRecording(bytes, name).history;

export type Recording = {
  readonly history: History;
  /** Of a last record that is not whole; 0: the file ends with a whole one. */
  readonly cutBytes: number;
};

/** As readHistory, and how much of the tail was cut. */
export const readRecording = (bytes: Uint8Array, name = "history"): Recording =>
  new HistoryReader(bytes, name).read();

/** The fields by which a kind of record may be longer than its fixed part. */
const FIELDS_OF_INVOKE = FIELD_VALUE | FIELD_EXPECTED;
const FIELDS_OF_COMPLETE = FIELD_VALUE | FIELD_VERSION | FIELD_INDEX;
/** Generously: what a get reads after appends may be longer than a value that is put. */
const TEXT_BYTES_MAX = 2 * VALUE_BYTES_MAX;
const NOBODY = -1;

class HistoryReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #name: string;
  readonly #keys = new TextNames();
  /** By key record; a text that is defined twice is one key. */
  readonly #keyIds: number[] = [];
  /** By value record: the handle that stands for it. The text "v7" and the number 7 are one value. */
  readonly #handleOfText: number[] = [];
  readonly #values = new ValueNames("v");
  /** By process: the row of its outstanding operation. */
  #rowOf = new Int32Array(1024).fill(NOBODY);
  #rows = 0;
  #rank = 0;
  #clockUs = 0;

  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#name = name;
  }

  read(): Recording {
    this.#header();
    const { count, end } = this.#measure();
    const columns = columnsOf(count);
    for (let at = HISTORY_HEADER_BYTES; at < end;) {
      const kind = this.#bytes[at]!;
      if (kind === KIND_INVOKE) at = this.#invoke(columns, at);
      else if (kind === KIND_COMPLETE) at = this.#complete(columns, at);
      else if (kind === KIND_CLOCK) at = this.#clock(at);
      else at = this.#text(kind, at);
    }
    const names = { keys: this.#keys, values: this.#values };
    const history = { count, ...columns, expectedValue: null, ...names };
    return { history, cutBytes: this.#bytes.length - end };
  }

  #header(): void {
    if (this.#bytes.length < HISTORY_HEADER_BYTES) {
      this.#fail(0, "too short to be a history", "pass a history.bin that a load generator wrote");
    }
    if (this.#view.getUint32(0, true) !== HISTORY_MAGIC) {
      this.#fail(0, "not a history file", "pass a history.bin that a load generator wrote");
    }
    const version = this.#view.getUint32(4, true);
    if (version !== HISTORY_VERSION) {
      const fix = "use the ordeal that recorded it";
      this.#fail(4, `format version ${version}, this ordeal reads ${HISTORY_VERSION}`, fix);
    }
    this.#clockUs = this.#clockAt(8);
  }

  /** Walks the records once: how many operations there are, and where the last whole record ends. */
  #measure(): { readonly count: number; readonly end: number } {
    let count = 0;
    let at = HISTORY_HEADER_BYTES;
    for (;;) {
      if (at + 4 > this.#bytes.length) break;
      const next = at + this.#recordBytes(at);
      if (next > this.#bytes.length) break;
      if (this.#bytes[at] === KIND_INVOKE) count++;
      at = next;
    }
    return { count, end: at };
  }

  #recordBytes(at: number): number {
    const head = this.#view.getUint32(at, true);
    const kind = head & 0xff;
    const fields = (head >>> 16) & 0xff;
    if (kind === KIND_INVOKE && (fields & ~FIELDS_OF_INVOKE) === 0) {
      return INVOKE_BYTES + 8 * ((fields & 1) + (fields >> 1));
    }
    if (kind === KIND_COMPLETE && (fields & ~FIELDS_OF_COMPLETE) === 0) {
      return COMPLETE_BYTES + 8 * ((fields & 1) + ((fields >> 2) & 1) + (fields >> 3));
    }
    if (kind === KIND_CLOCK) return CLOCK_BYTES;
    if (kind === KIND_KEY || kind === KIND_VALUE) {
      if (at + NAME_BYTES > this.#bytes.length) return NAME_BYTES;
      const bytes = this.#view.getUint32(at + 4, true);
      // A damaged length would pass for a tail that is cut, and what follows would be lost.
      if (bytes > TEXT_BYTES_MAX) this.#damaged(at, `a text of ${bytes} bytes`);
      return NAME_BYTES + bytes;
    }
    const known = kind === KIND_INVOKE || kind === KIND_COMPLETE;
    return this.#damaged(at, known ? `fields ${fields} of kind ${kind}` : `record kind ${kind}`);
  }

  // Each of these reads the record at `at`, whose size #measure has checked, and returns its end.

  #clock(at: number): number {
    this.#clockUs = this.#clockAt(at + 4);
    return at + CLOCK_BYTES;
  }

  #text(kind: number, at: number): number {
    const end = at + NAME_BYTES + this.#view.getUint32(at + 4, true);
    const text = new TextDecoder().decode(this.#bytes.subarray(at + NAME_BYTES, end));
    if (kind === KIND_KEY) {
      this.#keyIds.push(this.#keys.id(text));
      return end;
    }
    this.#handleOfText.push(this.#values.handleOf(text));
    return end;
  }

  #invoke(c: Columns, at: number): number {
    const view = this.#view;
    const row = this.#rows++;
    const op = this.#bytes[at + 1]!;
    const fields = this.#bytes[at + 2]!;
    const process = this.#processAt(at + 8);
    const key = view.getUint32(at + 12, true);
    if (op > OP_DELETE) this.#damaged(at, `op ${op}`);
    if (key >= this.#keyIds.length) this.#damaged(at, `key ${key} is not defined before`);
    if (this.#rowOf[process] !== NOBODY) {
      this.#damaged(at, `process ${process} has an operation outstanding already`);
    }
    this.#rowOf[process] = row;
    this.#clockUs += view.getInt32(at + 4, true);
    let field = at + INVOKE_BYTES;
    c.op[row] = op;
    c.process[row] = process;
    c.key[row] = this.#keyIds[key]!;
    c.outcome[row] = OUTCOME_INFO;
    c.value[row] = NO_VALUE;
    if ((fields & FIELD_VALUE) !== 0) {
      c.value[row] = this.#valueAt(field);
      field += 8;
    }
    c.expected[row] = -1;
    if ((fields & FIELD_EXPECTED) !== 0) {
      c.expected[row] = this.#u53At(field, "expected");
      field += 8;
    }
    c.version[row] = -1;
    c.call[row] = this.#rank++;
    c.ret[row] = NO_RETURN;
    c.callUs[row] = this.#clockUs;
    return field;
  }

  #complete(c: Columns, at: number): number {
    const outcome = this.#bytes[at + 1]!;
    const fields = this.#bytes[at + 2]!;
    const process = this.#processAt(at + 8);
    const row = this.#rowOf[process]!;
    if (outcome > OUTCOME_INFO) this.#damaged(at, `outcome ${outcome}`);
    if (row === NOBODY) this.#damaged(at, `process ${process} has no operation outstanding`);
    this.#rowOf[process] = NOBODY;
    this.#clockUs += this.#view.getInt32(at + 4, true);
    const rank = this.#rank++;
    let field = at + COMPLETE_BYTES;
    if ((fields & FIELD_VALUE) !== 0) {
      const value = this.#valueAt(field);
      if (outcome === OUTCOME_OK) c.value[row] = value;
      field += 8;
    }
    if ((fields & FIELD_VERSION) !== 0) {
      c.version[row] = this.#u53At(field, "version");
      field += 8;
    }
    if ((fields & FIELD_INDEX) !== 0) {
      c.index[row] = this.#u53At(field, "index");
      field += 8;
    }
    c.outcome[row] = outcome;
    if (outcome !== OUTCOME_INFO) {
      c.ret[row] = rank;
      c.returnUs[row] = this.#clockUs;
    }
    return field;
  }

  #processAt(at: number): number {
    const process = this.#view.getUint32(at, true);
    if (process >= PROCESS_MAX) this.#damaged(at, `process ${process}`);
    if (process >= this.#rowOf.length) {
      const grown = new Int32Array(Math.max(process + 1, this.#rowOf.length * 2)).fill(NOBODY);
      grown.set(this.#rowOf);
      this.#rowOf = grown;
    }
    return process;
  }

  #valueAt(at: number): number {
    const handle = this.#view.getFloat64(at, true);
    if (!Number.isSafeInteger(handle) || handle === NO_VALUE) {
      this.#damaged(at, `value ${handle}`);
    }
    if (handle >= 0) return this.#values.id(handle);
    const canonical = this.#handleOfText[textHandle(handle)];
    if (canonical === undefined) {
      return this.#damaged(at, `value text ${textHandle(handle)} is not defined before`);
    }
    return this.#values.id(canonical);
  }

  #clockAt(at: number): number {
    const us = this.#view.getFloat64(at, true);
    if (!Number.isSafeInteger(Math.round(us))) this.#damaged(at, `clock ${us}`);
    return us;
  }

  #u53At(at: number, field: string): number {
    const value = this.#view.getFloat64(at, true);
    if (!Number.isSafeInteger(value) || value < 0) this.#damaged(at, `${field} ${value}`);
    return value;
  }

  #damaged(at: number, what: string): never {
    this.#fail(at, what, "the file is damaged: record the history again");
  }

  #fail(at: number, what: string, fix: string): never {
    throw new UserError("cannot read the history", [
      { where: `${this.#name}, byte ${at}`, what, fix },
    ]);
  }
}
