import type { Context } from "hono";
import { commandBytes, writeCommand } from "../../kv/command.ts";
import {
  after,
  prefixEnd,
  readScanReply,
  SCAN_REPLY_BYTES,
  type ScannedEntry,
  scanCommand,
} from "../../kv/scan-reply.ts";
import type { GroupStore } from "../machines.ts";
import { text } from "./log-entry.ts";

/** Which keys: those with a prefix, from one of them on, so many. */
type Range = { readonly prefix: Uint8Array; readonly from: Uint8Array; readonly limit: number };

type Found = ScannedEntry & { readonly group: number };

/** An entry as a reply shows it. */
export const shownEntry = ({ key, value, version }: ScannedEntry): object => ({
  ...text("key", key),
  ...text("value", value),
  version,
});

const order = (a: Found, b: Found): number => Buffer.compare(a.key, b.key);

/**
 * The first entries of several stores, in the order of their keys. Of a store only a part may be known,
 * and of what is found only a page is kept: nothing beyond `end` is told.
 */
class Merge {
  readonly #limit: number;
  #found: Found[] = [];
  /** The last key up to which all stores are known; null: they are to their ends. */
  #end: Uint8Array | null = null;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** `isAll`: the store has no more; else nothing is known of it beyond the last of `entries`. */
  add(entries: readonly Found[], isAll: boolean): void {
    this.#found = [...this.#found, ...entries].sort(order);
    const end = isAll ? this.#end : entries.at(-1)!.key;
    if (end !== null) this.#endAt(end);
    let bytes = 0;
    for (let i = 0; i < this.#found.length; i++) {
      const { key, value } = this.#found[i]!;
      bytes += key.length + value.length;
      if (i > 0 && (i === this.#limit || bytes > SCAN_REPLY_BYTES)) {
        return this.#endAt(this.#found[i - 1]!.key);
      }
    }
  }

  /** A key is never told on two pages: all that have the last one stay. */
  #endAt(key: Uint8Array): void {
    if (this.#end === null || Buffer.compare(key, this.#end) < 0) this.#end = key;
    const end = this.#end;
    this.#found = this.#found.filter((one) => Buffer.compare(one.key, end) <= 0);
  }

  get entries(): readonly Found[] {
    return this.#found;
  }

  get next(): Uint8Array | null {
    return this.#end === null ? null : after(this.#end);
  }
}

/**
 * What all stores of a sharded node hold, in the order of the keys. A key may be there more than once while
 * its shard moves: all of them are on one page.
 */
export function localPage(
  stores: Iterable<GroupStore>,
  c: Context,
  { prefix, from, limit }: Range,
): Response {
  const command = scanCommand(from, prefixEnd(prefix), limit);
  const bytes = new Uint8Array(commandBytes(command.key.length, command.value.length));
  const view = new DataView(bytes.buffer);
  writeCommand(bytes, view, 0, command);
  const merge = new Merge(limit);
  for (const { group, store } of stores) {
    store.read(bytes, view, 0, bytes.length, 0);
    const { valueIn, valueAt, valueBytes } = store.result;
    // The store answers the next scan in the same buffer.
    const page = readScanReply(valueIn.slice(valueAt, valueAt + valueBytes), 0, valueBytes)!;
    merge.add(
      page.entries.map((entry) => ({ ...entry, group })),
      page.next === null,
    );
  }
  const { entries, next } = merge;
  return c.json({
    entries: entries.map((entry) => ({ ...shownEntry(entry), group: entry.group })),
    next: next === null ? null : Buffer.from(next).toString("base64url"),
  });
}
