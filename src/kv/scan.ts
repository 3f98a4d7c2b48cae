import { type Cell, type Cells, offsetOf, slabOf } from "./cells.ts";
import {
  COMMAND_HEADER_BYTES,
  commandExpected,
  commandKeyBytes,
  commandValueBytes,
} from "./command.ts";
import { ENTRY_HEADER_BYTES, KEY_BYTES_MASK, type KeyTable } from "./key-table.ts";
import { OrderedIndex } from "./ordered-index.ts";
import { SCAN_ENTRY_HEADER_BYTES, SCAN_HEADER_BYTES, SCAN_REPLY_BYTES } from "./scan-reply.ts";
import { compareBytes } from "./sort-cells.ts";
import type { Result } from "./state-machine.ts";
import { OK } from "./status.ts";

/**
 * Answers the scans of a store (kv/command.ts, OP_SCAN): a reply in one buffer, used again. The order
 * of the keys is made at the first scan, and the store tells of what changes from then on.
 */
export class Scanner {
  readonly #cells: Cells;
  readonly #table: KeyTable;
  #order: OrderedIndex | null = null;
  #out = new Uint8Array(0);
  #view = new DataView(this.#out.buffer);
  #size = 0;

  constructor(cells: Cells, table: KeyTable) {
    this.#cells = cells;
    this.#table = table;
  }

  /** A key has been entered in `cell`. */
  inserted(cell: Cell): void {
    this.#order?.insert(cell);
  }

  /** The entry in `cell` is about to go, to `moved` if that is given. */
  leaving(cell: Cell, moved?: Cell): void {
    if (this.#order === null) return;
    if (moved === undefined) this.#order.remove(cell);
    else this.#order.replace(cell, moved);
  }

  /** Answers the scan at `bytes[at…]`. `result.version` is the number of keys in the reply. */
  scan(bytes: Uint8Array, view: DataView, at: number, result: Result): void {
    const fromAt = at + COMMAND_HEADER_BYTES;
    const fromBytes = commandKeyBytes(view, at);
    const endAt = fromAt + fromBytes;
    const endBytes = commandValueBytes(view, at);
    const limit = commandExpected(view, at);
    let count = 0;
    let more = 0;
    this.#size = SCAN_HEADER_BYTES;
    this.#order ??= this.#build();
    this.#order.scan(bytes, fromAt, fromBytes, (cell) => {
      if (endBytes > 0 && !this.#isBelow(cell, bytes, endAt, endBytes)) return false;
      if (
        count === limit ||
        (count > 0 && this.#size + this.#entryBytes(cell) > SCAN_REPLY_BYTES)
      ) {
        more = 1;
        return false;
      }
      this.#add(cell);
      count++;
      return true;
    });
    this.#room(0);
    this.#out[0] = more;
    result.status = OK;
    result.version = count;
    result.valueIn = this.#out;
    result.valueAt = 0;
    result.valueBytes = this.#size;
  }

  #build(): OrderedIndex {
    const all = new Uint32Array(this.#table.size);
    let i = 0;
    for (const cell of this.#table.cells()) all[i++] = cell;
    return new OrderedIndex(this.#cells, all);
  }

  #isBelow(cell: Cell, end: Uint8Array, endAt: number, endBytes: number): boolean {
    const key = this.#cells.bytes[slabOf(cell)]!;
    const keyAt = offsetOf(cell) + ENTRY_HEADER_BYTES;
    return compareBytes(key, keyAt, this.#keyBytes(cell), end, endAt, endBytes) < 0;
  }

  #add(cell: Cell): void {
    const slab = slabOf(cell);
    const from = offsetOf(cell);
    const keyBytes = this.#keyBytes(cell);
    const valueBytes = this.#cells.words[slab]![from >>> 2]!;
    this.#room(SCAN_ENTRY_HEADER_BYTES + keyBytes + valueBytes);
    const at = this.#size;
    this.#view.setUint16(at, keyBytes, true);
    this.#view.setUint32(at + 2, valueBytes, true);
    this.#view.setFloat64(at + 6, this.#cells.doubles[slab]![(from >>> 3) + 1]!, true);
    const keyAt = from + ENTRY_HEADER_BYTES;
    const piece = this.#cells.bytes[slab]!.subarray(keyAt, keyAt + keyBytes + valueBytes);
    this.#out.set(piece, at + SCAN_ENTRY_HEADER_BYTES);
    this.#size = at + SCAN_ENTRY_HEADER_BYTES + keyBytes + valueBytes;
  }

  #room(bytes: number): void {
    if (this.#size + bytes <= this.#out.length) return;
    const grown = new Uint8Array(Math.max(4096, 2 * (this.#size + bytes)));
    grown.set(this.#out);
    this.#out = grown;
    this.#view = new DataView(grown.buffer);
  }

  #entryBytes(cell: Cell): number {
    const valueBytes = this.#cells.words[slabOf(cell)]![offsetOf(cell) >>> 2]!;
    return SCAN_ENTRY_HEADER_BYTES + this.#keyBytes(cell) + valueBytes;
  }

  #keyBytes(cell: Cell): number {
    return this.#cells.words[slabOf(cell)]![(offsetOf(cell) >>> 2) + 1]! & KEY_BYTES_MASK;
  }
}
