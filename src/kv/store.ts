import { unreachable } from "../lib/assert.ts";
import { copyBytes } from "../lib/copy.ts";
import { crc32 } from "../lib/crc32.ts";
import { type Cell, Cells, NO_CELL, offsetOf, slabOf } from "./cells.ts";
import {
  COMMAND_HEADER_BYTES,
  commandExpected,
  commandFlags,
  commandKeyBytes,
  commandOp,
  commandValueBytes,
  FLAG_EXPECTED,
  FLAG_LENGTH,
  OP_APPEND,
  OP_DELETE,
  OP_GET,
  OP_INCR,
  OP_OPEN_SESSION,
  OP_PUT,
  OP_SCAN,
  type OpCode,
  VALUE_BYTES_MAX,
} from "./command.ts";
import { addIntegers, INTEGER_BYTES_MAX, parseInteger, writeInteger } from "./integer.ts";
import { ENTRY_HEADER_BYTES, EPOCH_SHIFT, KEY_BYTES_MASK, KeyTable } from "./key-table.ts";
import { Scanner } from "./scan.ts";
import type { PieceWriter } from "./snapshot-format.ts";
import type { Result, StateMachine } from "./state-machine.ts";
import { INVALID, NOT_FOUND, OK, VERSION_MISMATCH } from "./status.ts";
import { EPOCH_MAX, Sweep } from "./sweep.ts";
import { walkCells } from "./walk-cells.ts";

const NO_BYTES = new Uint8Array(0);
/** A value that needs less than this share of its cell moves to a smaller one. */
const CELL_USED_SHARE_MIN = 1 / 4;

/** A key as the store holds it. The bytes are views: valid until the next apply. */
export type StoredEntry = {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly version: number;
};

/**
 * The versioned key-value store. Every put and append that takes effect adds 1 to the key's version;
 * an absent key has version 0, so one that is deleted and put again starts over at 1.
 *
 * - put with FLAG_EXPECTED: versionMismatch and no change unless the version is the expected one.
 *   Other operations ignore the flag.
 * - append to an absent key is a put. It is invalid, without a change, when the result would be
 *   longer than VALUE_BYTES_MAX.
 * - incr of what is no 64-bit integer, or beyond one: invalid, without a change.
 * - delete and get of an absent key: notFound.
 * - openSession changes nothing here (sessions.ts).
 * - scan: the entries within its bounds, in order, as of now (scan.ts).
 *
 * Keys and values are copied: a command's bytes are not needed after apply.
 */
export class KvStore implements Pick<StateMachine, "result" | "prefetch" | "apply" | "read"> {
  readonly result: Result;
  readonly #cells = new Cells();
  readonly #table = new KeyTable(this.#cells);
  readonly #scanner = new Scanner(this.#cells, this.#table);
  /** The snapshot under way: it wants to see an entry before it changes. */
  #sweep: Sweep | null = null;
  #epoch = 1;
  /** A result in decimal. */
  readonly #digits = new Uint8Array(INTEGER_BYTES_MAX);

  /** `result`: where outcomes go, shared with the store that this one is to replace. */
  constructor(result: Result = newResult()) {
    this.result = result;
  }

  /** Number of keys. */
  get size(): number {
    return this.#table.size;
  }

  /** Bytes held for keys and values, used or free for reuse. */
  get slabBytes(): number {
    return this.#cells.slabBytes;
  }

  apply(bytes: Uint8Array, view: DataView, at: number, _end: number, index: number): void {
    this.result.index = index;
    this.result.valueBytes = 0;
    const op = commandOp(view, at) as OpCode;
    switch (op) {
      case OP_PUT:
        return this.#put(bytes, view, at);
      case OP_APPEND:
        return this.#append(bytes, view, at);
      case OP_INCR:
        return this.#increment(bytes, view, at);
      case OP_DELETE:
        return this.#delete(view, at);
      case OP_GET:
        return this.#get(view, at);
      case OP_SCAN:
        return this.#scanner.scan(bytes, view, at, this.result);
      case OP_OPEN_SESSION:
        return this.#finish(OK, 0);
      default:
        unreachable(op);
    }
  }

  prefetch(view: DataView, ats: Uint32Array, count: number): void {
    const table = this.#table;
    for (let i = 0; i < count; i++) {
      const at = ats[i]!;
      table.expect(view, at + COMMAND_HEADER_BYTES, commandKeyBytes(view, at));
    }
    table.prefetch();
  }

  read(bytes: Uint8Array, view: DataView, at: number, _end: number, index: number): void {
    this.result.index = index;
    if (commandOp(view, at) === OP_SCAN) this.#scanner.scan(bytes, view, at, this.result);
    else this.#get(view, at);
  }

  /** Every key, in an order that depends on the history. The store must not change meanwhile. */
  *entries(): IterableIterator<StoredEntry> {
    for (const cell of this.#table.cells()) yield this.#entry(cell);
  }

  /** Every key that does not change before the last is told; others perhaps, in any of their states (walk-cells.ts). */
  *entriesWhileServed(): IterableIterator<StoredEntry> {
    for (const cell of walkCells(this.#cells)) yield this.#entry(cell);
  }

  /** Null: no such key. */
  entryOf(key: Uint8Array): StoredEntry | null {
    const view = new DataView(key.buffer, key.byteOffset, key.length);
    const cell = this.#table.find(view, 0, key.length);
    return cell === NO_CELL ? null : this.#entry(cell);
  }

  /**
   * 16 hex digits that two stores share when they hold the same keys, values and versions, whatever
   * their histories. Tells diverged replicas from equal ones; no defence against an adversary.
   */
  digest(): string {
    let low = this.size;
    let high = 0;
    const header = new DataView(new ArrayBuffer(20));
    for (const { key, value, version } of this.entries()) {
      header.setUint32(0, crc32(key), true);
      header.setUint32(4, crc32(value), true);
      header.setUint32(8, value.length, true);
      header.setFloat64(12, version, true);
      const mark = crc32(new Uint8Array(header.buffer));
      low = (low + mark) >>> 0;
      high = (high + Math.imul(mark ^ (mark >>> 15), 0x2c1b3c6d)) >>> 0;
    }
    return [high, low].map((half) => half.toString(16).padStart(8, "0")).join("");
  }

  /**
   * Begins a snapshot of the entries as they are now; it ends an earlier one. The entries go to
   * `out`: some when the sweep steps, others when they are about to change.
   */
  sweep(out: PieceWriter): Sweep {
    this.#epoch = this.#epoch === EPOCH_MAX ? 1 : this.#epoch + 1;
    this.#sweep?.close();
    this.#sweep = new Sweep(this.#cells, this.#epoch, out, this.size, () => (this.#sweep = null));
    return this.#sweep;
  }

  /** Enters the key and value at `bytes[keyAt…]`. Returns false when the key is there already. */
  restore(
    bytes: Uint8Array,
    view: DataView,
    keyAt: number,
    keyBytes: number,
    valueBytes: number,
    version: number,
  ): boolean {
    if (this.#table.find(view, keyAt, keyBytes) !== NO_CELL) return false;
    const size = ENTRY_HEADER_BYTES + keyBytes + valueBytes;
    const cell = this.#create(bytes, keyAt, keyBytes, size);
    const to = offsetOf(cell) + ENTRY_HEADER_BYTES + keyBytes;
    const valueAt = keyAt + keyBytes;
    copyBytes(bytes, valueAt, valueAt + valueBytes, this.#cells.bytes[slabOf(cell)]!, to);
    this.#stamp(cell, valueBytes, version);
    return true;
  }

  /** Takes out the key in `view[keyAt…]`. False: it is not there. */
  remove(view: DataView, keyAt: number, keyBytes: number): boolean {
    const cell = this.#table.find(view, keyAt, keyBytes);
    if (cell === NO_CELL) return false;
    this.#sweep?.save(cell);
    this.#table.remove();
    this.#scanner.leaving(cell);
    this.#free(cell);
    return true;
  }

  #put(bytes: Uint8Array, view: DataView, at: number): void {
    const keyAt = at + COMMAND_HEADER_BYTES;
    const keyBytes = commandKeyBytes(view, at);
    const valueBytes = commandValueBytes(view, at);
    const cell = this.#table.find(view, keyAt, keyBytes);
    const version = cell === NO_CELL ? 0 : this.#version(cell);
    if ((commandFlags(view, at) & FLAG_EXPECTED) !== 0 && commandExpected(view, at) !== version) {
      return this.#finish(VERSION_MISMATCH, version);
    }
    this.#write(cell, bytes, keyAt, keyBytes, bytes, keyAt + keyBytes, valueBytes, version + 1);
  }

  /** Gives the key that the last find found in `cell`, or did not find, the value at `from[valueAt…]`. */
  #write(
    found: Cell,
    bytes: Uint8Array,
    keyAt: number,
    keyBytes: number,
    from: Uint8Array,
    valueAt: number,
    valueBytes: number,
    version: number,
  ): void {
    const size = ENTRY_HEADER_BYTES + keyBytes + valueBytes;
    let cell = found;
    if (cell === NO_CELL) {
      cell = this.#create(bytes, keyAt, keyBytes, size);
    } else {
      this.#sweep?.save(cell);
      if (!this.#fits(cell, size)) cell = this.#move(cell, keyBytes, size);
    }
    const to = offsetOf(cell) + ENTRY_HEADER_BYTES + keyBytes;
    copyBytes(from, valueAt, valueAt + valueBytes, this.#cells.bytes[slabOf(cell)]!, to);
    this.#stamp(cell, valueBytes, version);
  }

  #increment(bytes: Uint8Array, view: DataView, at: number): void {
    const keyAt = at + COMMAND_HEADER_BYTES;
    const keyBytes = commandKeyBytes(view, at);
    const cell = this.#table.find(view, keyAt, keyBytes);
    const version = cell === NO_CELL ? 0 : this.#version(cell);
    const before = cell === NO_CELL ? 0n : this.#integer(cell, keyBytes);
    const by = parseInteger(bytes, keyAt + keyBytes, commandValueBytes(view, at));
    const sum = before === null || by === null ? null : addIntegers(before, by);
    if (sum === null) return this.#finish(INVALID, version);
    const digits = writeInteger(sum, this.#digits);
    this.#write(cell, bytes, keyAt, keyBytes, this.#digits, 0, digits, version + 1);
    this.#answerDigits(digits);
  }

  #integer(cell: Cell, keyBytes: number): bigint | null {
    const valueAt = offsetOf(cell) + ENTRY_HEADER_BYTES + keyBytes;
    return parseInteger(this.#cells.bytes[slabOf(cell)]!, valueAt, this.#valueBytes(cell));
  }

  #answerDigits(digits: number): void {
    this.result.valueIn = this.#digits;
    this.result.valueAt = 0;
    this.result.valueBytes = digits;
  }

  #append(bytes: Uint8Array, view: DataView, at: number): void {
    const keyAt = at + COMMAND_HEADER_BYTES;
    const keyBytes = commandKeyBytes(view, at);
    let cell = this.#table.find(view, keyAt, keyBytes);
    const wantsLength = (commandFlags(view, at) & FLAG_LENGTH) !== 0;
    if (cell === NO_CELL) {
      const valueBytes = commandValueBytes(view, at);
      this.#write(cell, bytes, keyAt, keyBytes, bytes, keyAt + keyBytes, valueBytes, 1);
      if (wantsLength) this.#answerDigits(writeInteger(valueBytes, this.#digits));
      return;
    }
    const oldBytes = this.#valueBytes(cell);
    const valueBytes = oldBytes + commandValueBytes(view, at);
    const version = this.#version(cell);
    if (valueBytes > VALUE_BYTES_MAX) return this.#finish(INVALID, version);
    const size = ENTRY_HEADER_BYTES + keyBytes + valueBytes;
    this.#sweep?.save(cell);
    if (size > this.#cells.capacity(cell)) cell = this.#move(cell, keyBytes + oldBytes, size);
    const to = offsetOf(cell) + ENTRY_HEADER_BYTES + keyBytes + oldBytes;
    const from = keyAt + keyBytes;
    const added = valueBytes - oldBytes;
    copyBytes(bytes, from, from + added, this.#cells.bytes[slabOf(cell)]!, to);
    this.#stamp(cell, valueBytes, version + 1);
    if (wantsLength) this.#answerDigits(writeInteger(valueBytes, this.#digits));
  }

  #delete(view: DataView, at: number): void {
    const isGone = this.remove(view, at + COMMAND_HEADER_BYTES, commandKeyBytes(view, at));
    this.#finish(isGone ? OK : NOT_FOUND, 0);
  }

  #get(view: DataView, at: number): void {
    const { result } = this;
    const keyBytes = commandKeyBytes(view, at);
    const cell = this.#table.find(view, at + COMMAND_HEADER_BYTES, keyBytes);
    result.valueBytes = 0;
    if (cell === NO_CELL) return this.#finish(NOT_FOUND, 0);
    result.valueIn = this.#cells.bytes[slabOf(cell)]!;
    result.valueAt = offsetOf(cell) + ENTRY_HEADER_BYTES + keyBytes;
    result.valueBytes = this.#valueBytes(cell);
    this.#finish(OK, this.#version(cell));
  }

  /** Enters a key that the last find did not find, in a new cell, as yet without a value. */
  #create(bytes: Uint8Array, keyAt: number, keyBytes: number, size: number): Cell {
    const cell = this.#cells.allocate(size);
    const slab = slabOf(cell);
    const at = offsetOf(cell);
    this.#cells.words[slab]![(at >>> 2) + 1] = (this.#epoch << EPOCH_SHIFT) | keyBytes;
    copyBytes(bytes, keyAt, keyAt + keyBytes, this.#cells.bytes[slab]!, at + ENTRY_HEADER_BYTES);
    this.#table.insert(cell);
    this.#scanner.inserted(cell);
    return cell;
  }

  /** Moves the entry that the last find found, with `kept` bytes of its key and value. */
  #move(cell: Cell, kept: number, size: number): Cell {
    const moved = this.#cells.allocate(size);
    const from = offsetOf(cell);
    const to = this.#cells.bytes[slabOf(moved)]!;
    const end = from + ENTRY_HEADER_BYTES + kept;
    copyBytes(this.#cells.bytes[slabOf(cell)]!, from, end, to, offsetOf(moved));
    this.#scanner.leaving(cell, moved);
    this.#free(cell);
    this.#table.replace(moved);
    return moved;
  }

  /** A free cell says so, for a sweep comes past it. */
  #free(cell: Cell): void {
    this.#cells.words[slabOf(cell)]![(offsetOf(cell) >>> 2) + 1] = 0;
    this.#cells.free(cell);
  }

  #fits(cell: Cell, size: number): boolean {
    const capacity = this.#cells.capacity(cell);
    return size <= capacity && size >= capacity * CELL_USED_SHARE_MIN;
  }

  #stamp(cell: Cell, valueBytes: number, version: number): void {
    const at = offsetOf(cell);
    this.#cells.words[slabOf(cell)]![at >>> 2] = valueBytes;
    this.#cells.doubles[slabOf(cell)]![(at >>> 3) + 1] = version;
    this.#finish(OK, version);
  }

  #finish(status: number, version: number): void {
    this.result.status = status;
    this.result.version = version;
  }

  #entry(cell: Cell): StoredEntry {
    const bytes = this.#cells.bytes[slabOf(cell)]!;
    const keyAt = offsetOf(cell) + ENTRY_HEADER_BYTES;
    const valueAt = keyAt + this.#keyBytes(cell);
    return {
      key: bytes.subarray(keyAt, valueAt),
      value: bytes.subarray(valueAt, valueAt + this.#valueBytes(cell)),
      version: this.#version(cell),
    };
  }

  #valueBytes(cell: Cell): number {
    return this.#cells.words[slabOf(cell)]![offsetOf(cell) >>> 2]!;
  }

  #keyBytes(cell: Cell): number {
    return this.#cells.words[slabOf(cell)]![(offsetOf(cell) >>> 2) + 1]! & KEY_BYTES_MASK;
  }

  #version(cell: Cell): number {
    return this.#cells.doubles[slabOf(cell)]![(offsetOf(cell) >>> 3) + 1]!;
  }
}

export const newResult = (): Result => ({
  status: OK,
  version: 0,
  index: 0,
  valueIn: NO_BYTES,
  valueAt: 0,
  valueBytes: 0,
});
