import { joinBytes } from "../lib/join-bytes.ts";
import { SnapshotFormatError } from "./snapshot-format.ts";
import { decodeConfig, encodeConfig } from "./shard-config.ts";
import type { Arriving, Copy, ShardCopies, ToDrop } from "./shard-copies.ts";
import type { SnapshotReader, SnapshotWriter } from "./state-machine.ts";

/**
 * The state of a group of shards as bytes: sections of
 *
 *   u32 length, 1 or more · bytes …     pieces of it, joined by the reader
 *   u32 0                               its end
 *
 * First a JSON document (Layout) and the config; then, in the order that it tells, the state of each copy
 * (snapshot-format.ts) and what has come of each shard that is arriving.
 */
type Layout = {
  readonly lastOwners: readonly number[];
  readonly toDrop: readonly ToDrop[];
  readonly copies: readonly (Omit<Copy, "store" | "stream"> & { readonly shard: number })[];
  readonly arriving: readonly (Pick<Arriving, "num" | "from" | "stream" | "received"> & {
    readonly shard: number;
  })[];
};

const LENGTH_BYTES = 4;
const utf8 = new TextEncoder();
const text = new TextDecoder("utf-8", { fatal: true });

type Section = { next(bytesMax: number): Uint8Array | null; close(): void };

export class ShardsReader implements SnapshotReader {
  #sections: Section[];
  #at = 0;

  /** Holds all that it needs of the state as it is now. */
  constructor({ config, copies, arriving, lastOwners, toDrop }: ShardCopies) {
    const layout: Layout = {
      lastOwners: [...lastOwners],
      toDrop,
      copies: copies.flatMap((copy, shard) => {
        if (copy === null) return [];
        const { store: _, stream: _stream, ...rest } = copy;
        return [{ shard, ...rest }];
      }),
      arriving: arriving.flatMap((one, shard) => {
        if (one === null) return [];
        const { num, from, stream, received } = one;
        return [{ shard, num, from, stream, received }];
      }),
    };
    this.#sections = [
      once(utf8.encode(JSON.stringify(layout))),
      once(encodeConfig(config)),
      ...copies.flatMap((copy) => (copy === null ? [] : [copy.store.beginSnapshot()])),
      ...arriving.flatMap((one) => (one === null ? [] : [each(one.pieces)])),
    ];
  }

  next(bytesMax: number): Uint8Array | null {
    const section = this.#sections[this.#at];
    if (section === undefined) return null;
    const piece = section.next(bytesMax);
    if (piece === null) this.#at++;
    const length = piece?.length ?? 0;
    const out = new Uint8Array(LENGTH_BYTES + length);
    new DataView(out.buffer).setUint32(0, length, true);
    if (piece !== null) out.set(piece, LENGTH_BYTES);
    return out;
  }

  close(): void {
    for (const section of this.#sections) section.close();
    this.#sections = [];
  }
}

const each = (pieces: readonly Uint8Array[]): Section => {
  let at = 0;
  return { next: () => pieces[at++] ?? null, close: () => (at = pieces.length) };
};
const once = (bytes: Uint8Array): Section => each([bytes]);

/** Builds the state in `into`, which nobody else uses until `restored` is called. */
export class ShardsWriter implements SnapshotWriter {
  readonly #into: ShardCopies;
  readonly #restored: () => void;
  #pending = new Uint8Array(0);
  #left = 0;
  #layout: Layout | null = null;
  /** Document, config, copies, arriving: what the next piece belongs to. */
  #section = 0;
  #text: Uint8Array[] = [];
  #copyWriter: SnapshotWriter | null = null;

  constructor(into: ShardCopies, restored: () => void) {
    this.#into = into;
    this.#restored = restored;
  }

  write(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#left > 0) {
        const piece = bytes.subarray(at, at + this.#left);
        this.#piece(piece);
        this.#left -= piece.length;
        at += piece.length;
        continue;
      }
      const missing = LENGTH_BYTES - this.#pending.length;
      this.#pending = Uint8Array.from([...this.#pending, ...bytes.subarray(at, at + missing)]);
      at += missing;
      if (this.#pending.length < LENGTH_BYTES) return;
      this.#left = new DataView(this.#pending.buffer).getUint32(0, true);
      this.#pending = new Uint8Array(0);
      if (this.#left === 0) this.#endSection();
    }
  }

  finish(): void {
    const { copies, arriving } = this.#layout ?? { copies: [], arriving: [] };
    const sections = 2 + copies.length + arriving.length;
    const isWhole = this.#section === sections && this.#left === 0 && this.#pending.length === 0;
    if (this.#layout === null || !isWhole) throw new SnapshotFormatError("it is cut short");
    this.#restored();
  }

  #piece(piece: Uint8Array): void {
    if (this.#section < 2) {
      this.#text.push(piece.slice());
      return;
    }
    const copy = this.#copy();
    if (copy !== null) {
      this.#copyWriter ??= this.#openCopy(copy);
      this.#copyWriter.write(piece);
      return;
    }
    const one = this.#arriving();
    if (one === null) throw new SnapshotFormatError("more than it says that it holds");
    one.writer.write(piece);
    one.received += piece.length;
    one.pieces = [...one.pieces, piece.slice()];
  }

  #endSection(): void {
    if (this.#section === 0) this.#layout = layoutOf(joinBytes(this.#text));
    else if (this.#section === 1) this.#setConfig(joinBytes(this.#text));
    else this.#endPart();
    this.#text = [];
    this.#section++;
  }

  #endPart(): void {
    const copy = this.#copy();
    if (copy !== null) {
      this.#copyWriter ??= this.#openCopy(copy);
      this.#copyWriter.finish();
      this.#copyWriter = null;
      return;
    }
    const told = this.#layout!.arriving[this.#section - 2 - this.#layout!.copies.length];
    if (told === undefined || this.#into.arriving[told.shard]!.received !== told.received) {
      throw new SnapshotFormatError("a shard that is arriving is not all there");
    }
  }

  #setConfig(bytes: Uint8Array): void {
    const config = decodeConfig(bytes);
    const { lastOwners, toDrop, arriving, copies } = this.#layout!;
    const shards = this.#into.config.shards.length;
    const isSound =
      config?.shards.length === shards &&
      lastOwners.length === shards &&
      [...arriving, ...copies].every(({ shard }) => shard >= 0 && shard < shards);
    if (config === null || !isSound)
      throw new SnapshotFormatError("the config is not as it should be");
    this.#into.config = config;
    this.#into.toDrop = toDrop;
    for (const [shard, owner] of lastOwners.entries()) this.#into.lastOwners[shard] = owner;
    for (const { shard, num, from, stream } of arriving) {
      this.#into.arriving[shard] = Object.assign(this.#into.newArriving(num, from), { stream });
    }
  }

  #copy(): Layout["copies"][number] | null {
    return this.#layout!.copies[this.#section - 2] ?? null;
  }

  #arriving(): Arriving | null {
    const { copies, arriving } = this.#layout!;
    const told = arriving[this.#section - 2 - copies.length];
    return told === undefined ? null : this.#into.arriving[told.shard]!;
  }

  #openCopy({ shard, ...rest }: Layout["copies"][number]): SnapshotWriter {
    const store = this.#into.newStore();
    this.#into.copies[shard] = { ...rest, store, stream: null };
    return store.beginRestore();
  }
}

function layoutOf(bytes: Uint8Array): Layout {
  try {
    return JSON.parse(text.decode(bytes)) as Layout;
  } catch {
    throw new SnapshotFormatError("it does not say what it holds");
  }
}
