import { OP_GET } from "../../kv/command.ts";
import type { KeyHistory } from "../path.ts";
import { type Illegal, NOBODY, type Placed } from "../versioned/placed.ts";
import type { Wanted } from "../versioned/values.ts";
import { saw } from "../words.ts";
import type { Epochs } from "./epochs.ts";

export type PlacedByText = { readonly placed: Placed; readonly wanted: Wanted };

/**
 * Where replies tell versions: each write of an epoch made the version after that of the one before
 * it in the text, so that one told version places the whole epoch, with the writes that nobody
 * acknowledged. Illegal: two operations of an epoch tell versions that disagree; two writes made one
 * version. Null: some completed operation is placed neither by version nor by text.
 */
export function placeByText(
  key: KeyHistory,
  epochs: Epochs,
  told: Placed,
): PlacedByText | Illegal | null {
  return new Placing(key, epochs, told).run();
}

class Placing {
  readonly #key: KeyHistory;
  readonly #epochs: Epochs;
  readonly #told: Placed;
  readonly #epochOf: Int32Array;
  /** By epoch: the version of its first cluster, and an operation that tells it. */
  readonly #base: Int32Array;
  readonly #teller: Int32Array;

  constructor(key: KeyHistory, epochs: Epochs, told: Placed) {
    this.#key = key;
    this.#epochs = epochs;
    this.#told = told;
    this.#epochOf = new Int32Array(epochs.writer.length);
    for (let e = 0; e < epochs.longest.length; e++) {
      this.#epochOf.fill(e, epochs.from[e]!, epochs.from[e + 1]!);
    }
    this.#base = new Int32Array(epochs.longest.length).fill(NOBODY);
    this.#teller = new Int32Array(epochs.longest.length).fill(NOBODY);
    this.#base[0] = 0;
  }

  run(): PlacedByText | Illegal | null {
    const illegal = this.#findBases();
    if (illegal !== null) return illegal;
    const { from, longest } = this.#epochs;
    let { top } = this.#told;
    for (let e = 0; e < longest.length; e++) {
      if (this.#base[e] === NOBODY) return null;
      top = Math.max(top, this.#base[e]! + from[e + 1]! - from[e]! - 1);
    }
    const placed = this.#place(top);
    return placed === null || "kind" in placed ? placed : this.#want(placed);
  }

  /** By its cluster, the version that `place` found or made. */
  #versionOf(place: number): number {
    const cluster = this.#epochs.cluster[place]!;
    const epoch = this.#epochOf[cluster]!;
    return this.#base[epoch]! + cluster - this.#epochs.from[epoch]!;
  }

  #findBases(): Illegal | null {
    const { cluster, from } = this.#epochs;
    const { at } = this.#told;
    for (let i = 0; i < at.length; i++) {
      if (at[i]! < 0 || cluster[i]! < 0) continue;
      const epoch = this.#epochOf[cluster[i]!]!;
      const base = at[i]! - (cluster[i]! - from[epoch]!);
      if (this.#base[epoch] === NOBODY && base > 0) {
        this.#base[epoch] = base;
        this.#teller[epoch] = i;
      } else if (this.#base[epoch] !== base) {
        return this.#disagree(i, this.#teller[epoch]!, epoch);
      }
    }
    return null;
  }

  /** With what only its text places. */
  #place(top: number): Placed | Illegal | null {
    const { history: h, operations: o } = this.#key;
    const { cluster } = this.#epochs;
    const at = this.#told.at.slice();
    const writer = new Int32Array(top + 1).fill(NOBODY);
    writer.set(this.#told.writer);
    const because = new Map<number, readonly number[]>();
    const placed = { ...this.#told, top, at, writer, untold: [], because };
    for (const i of this.#told.untold) {
      if (cluster[i]! < 0) return null;
      const version = this.#versionOf(i);
      at[i] = version;
      because.set(i, this.#proof(i, this.#epochOf[cluster[i]!]!));
      if (h.op[o.ops[i]!] === OP_GET) continue;
      const other = writer[version]!;
      if (other !== NOBODY) return this.#same([i, other], version, placed);
      writer[version] = i;
    }
    return placed;
  }

  /** The write that must have made each version that a read shows. */
  #want(placed: Placed): PlacedByText | Illegal {
    const { history: h, operations: o } = this.#key;
    const { writer, from, longest } = this.#epochs;
    const reader = new Int32Array(placed.top + 1).fill(NOBODY);
    const value = new Int32Array(placed.top + 1).fill(-1);
    for (let e = 0; e < longest.length; e++) {
      for (let c = Math.max(from[e]!, 1); c < from[e + 1]!; c++) {
        const version = this.#base[e]! + c - from[e]!;
        const made = placed.writer[version]!;
        const other = made === NOBODY || made === writer[c] ? reader[version]! : made;
        if (other !== NOBODY) return this.#same([longest[e]!, other], version, placed);
        reader[version] = longest[e]!;
        value[version] = h.value[o.ops[writer[c]!]!]!;
      }
    }
    return { placed, wanted: { reader, value } };
  }

  /** What places `place` in `epoch`: who tells a version of it, and who shows its text. */
  #proof(place: number, epoch: number): readonly number[] {
    const { history: h, operations: o } = this.#key;
    const teller = this.#teller[epoch]!;
    const all = teller === NOBODY ? [place] : [place, teller];
    const isAllRead = all.every((i) => h.op[o.ops[i]!] === OP_GET);
    return isAllRead ? all : [...all, this.#epochs.longest[epoch]!];
  }

  #disagree(a: number, b: number, epoch: number): Illegal {
    const { history: h, operations: o } = this.#key;
    const said = saw(h, o.ops[a]!);
    const sentence =
      b === NOBODY
        ? `${said}, which is not how many writes its text holds`
        : `${said} and ${saw(h, o.ops[b]!)}, but a text that was read has another distance between them`;
    const proof = this.#proof(a, epoch);
    return { kind: "illegal", core: [...new Set(proof)], sentence, arrows: [] };
  }

  /** Two operations tell of one version that different writes made it. */
  #same(places: readonly [number, number], version: number, placed: Placed): Illegal {
    const { history: h, operations: o } = this.#key;
    const { cluster } = this.#epochs;
    const core = new Set<number>();
    for (const i of places) {
      core.add(i);
      for (const j of placed.because.get(i) ?? []) core.add(j);
      if (cluster[i]! >= 0)
        for (const j of this.#proof(i, this.#epochOf[cluster[i]!]!)) core.add(j);
    }
    const sentence = `version ${version} cannot have been made by two writes, but ${saw(h, o.ops[places[0]]!)} and ${saw(h, o.ops[places[1]]!)}`;
    return { kind: "illegal", core: [...core], sentence, arrows: [] };
  }
}
