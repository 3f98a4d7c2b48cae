import { OP_APPEND, OP_GET, OP_PUT } from "../../kv/command.ts";
import { valueName } from "../describe.ts";
import type { KeyHistory } from "../path.ts";
import { type Illegal, NOBODY } from "../versioned/placed.ts";
import { client, theOperation, wrote } from "../words.ts";
import { Tokens } from "./tokens.ts";

/**
 * A key with appends, taken apart. An epoch is what one put begins, or the key's beginning, and its
 * text only grows: so all reads of an epoch are beginnings of its longest one. A cluster is a write
 * and the reads of which it is the last token; an epoch's clusters follow each other, in the order
 * of the text. Cluster 0 is the absent key.
 */
export type Epochs = {
  /** By place: its cluster; −1: a write that no read shows, or a refused put. */
  readonly cluster: Int32Array;
  /** By cluster: its write. */
  readonly writer: Int32Array;
  /** Epoch e has the clusters from[e] … from[e + 1] − 1, and its longest read at longest[e]. */
  readonly from: Int32Array;
  readonly longest: Int32Array;
};

/**
 * Takes the texts apart that were read. Illegal: a read shows what nobody wrote, or something twice,
 * or a put after something else; two reads of one epoch disagree, or two epochs show one append.
 * Null: two writes wrote the same, or texts can be read in more than one way. O(total text).
 */
export function epochsOf(key: KeyHistory): Epochs | Illegal | null {
  const tokens = tokensOf(key);
  return tokens === null ? null : new Reading(key, tokens).run();
}

function tokensOf({ history: h, operations: { ops } }: KeyHistory): Tokens | null {
  const tokens = new Tokens(ops.length);
  for (let i = 0; i < ops.length; i++) {
    const row = ops[i]!;
    if (wrote(h, row) && !tokens.add(h.values.name(h.value[row]!), i)) return null;
  }
  return tokens.seal() ? tokens : null;
}

class Reading {
  readonly #key: KeyHistory;
  readonly #tokens: Tokens;
  /** By place of a put, plus one, and 0 for the beginning: the reads of its epoch, as a list. */
  readonly #head: Int32Array;
  readonly #next: Int32Array;
  readonly #cluster: Int32Array;
  readonly #writer: number[] = [NOBODY];
  readonly #from: number[] = [0];
  readonly #longest: number[] = [];
  /** By length of a text of the epoch at hand: its cluster, or −1: no token ends there. */
  #clusterAt = new Int32Array(256).fill(-1);

  constructor(key: KeyHistory, tokens: Tokens) {
    const n = key.operations.ops.length;
    this.#key = key;
    this.#tokens = tokens;
    this.#head = new Int32Array(n + 1).fill(NOBODY);
    this.#next = new Int32Array(n);
    this.#cluster = new Int32Array(n).fill(-1);
  }

  run(): Epochs | Illegal {
    const { history: h, operations: o } = this.#key;
    const found = this.#groupReads();
    if (found !== null) return found;
    const first = this.#epoch(NOBODY);
    if (first !== null) return first;
    for (let i = 0; i < o.ops.length; i++) {
      if (h.op[o.ops[i]!] !== OP_PUT || !wrote(h, o.ops[i]!)) continue;
      if (this.#head[i + 1] === NOBODY) continue;
      const illegal = this.#epoch(i);
      if (illegal !== null) return illegal;
    }
    return {
      cluster: this.#cluster,
      writer: Int32Array.from(this.#writer),
      from: Int32Array.from(this.#from),
      longest: Int32Array.from(this.#longest),
    };
  }

  #text(place: number): string {
    const { history: h, operations: o } = this.#key;
    const value = h.value[o.ops[place]!]!;
    return value < 0 ? "" : h.values.name(value);
  }

  /** Puts each read into the list of its epoch, which the first token tells; earliest first. */
  #groupReads(): Illegal | null {
    const { history: h, operations: o } = this.#key;
    for (let i = o.ops.length - 1; i >= 0; i--) {
      const row = o.ops[i]!;
      if (h.op[row] !== OP_GET) continue;
      if (h.value[row]! < 0) {
        this.#cluster[i] = 0;
        continue;
      }
      const text = this.#text(i);
      const end = this.#tokens.end(text, 0);
      const write = end < 0 ? NOBODY : this.#tokens.find(text, 0, end);
      if (write === NOBODY) return this.#unwritten(i, text);
      const epoch = h.op[o.ops[write]!] === OP_PUT ? write + 1 : 0;
      this.#next[i] = this.#head[epoch]!;
      this.#head[epoch] = i;
    }
    return null;
  }

  /** Takes the longest read of an epoch apart, and finds the others in it. */
  #epoch(put: number): Illegal | null {
    const longest = this.#longestOf(put + 1);
    const text = longest === NOBODY ? "" : this.#text(longest);
    if (text.length >= this.#clusterAt.length) {
      this.#clusterAt = new Int32Array(text.length * 2).fill(-1);
    }
    const illegal = this.#split(put, longest, text) ?? this.#findReads(put, longest, text);
    this.#clusterAt.fill(-1, 0, text.length + 1);
    this.#from.push(this.#writer.length);
    this.#longest.push(longest);
    return illegal;
  }

  #longestOf(epoch: number): number {
    let longest = NOBODY;
    let length = -1;
    for (let i = this.#head[epoch]!; i !== NOBODY; i = this.#next[i]!) {
      const own = this.#text(i).length;
      if (own > length) [longest, length] = [i, own];
    }
    return longest;
  }

  #split(put: number, longest: number, text: string): Illegal | null {
    const { history: h, operations: o } = this.#key;
    for (let at = 0; at < text.length;) {
      const end = this.#tokens.end(text, at);
      const write = end < 0 ? NOBODY : this.#tokens.find(text, at, end);
      if (write === NOBODY) return this.#unwritten(longest, text.slice(at));
      if (this.#cluster[write]! >= 0) return this.#twice(longest, write);
      if (h.op[o.ops[write]!] !== OP_APPEND && write !== put) {
        return this.#alone(longest, `in which ${this.#name(write)}, a put, is not the beginning`);
      }
      const cluster = this.#writer.push(write) - 1;
      this.#cluster[write] = cluster;
      this.#clusterAt[end] = cluster;
      at = end;
    }
    return null;
  }

  #findReads(put: number, longest: number, text: string): Illegal | null {
    for (let i = this.#head[put + 1]!; i !== NOBODY; i = this.#next[i]!) {
      const own = this.#text(i);
      const cluster = this.#clusterAt[own.length]!;
      if (cluster < 0 || !text.startsWith(own)) return this.#disagree(longest, i);
      this.#cluster[i] = cluster;
    }
    return null;
  }

  #name(place: number): string {
    return valueName(this.#key.history, this.#key.operations.ops[place]!);
  }

  #read(place: number): string {
    const { history: h, operations: o } = this.#key;
    return `a read by ${client(h, o.ops[place]!)} returned ${this.#name(place)}`;
  }

  #alone(read: number, why: string): Illegal {
    return { kind: "illegal", core: [read], sentence: `${this.#read(read)}, ${why}`, arrows: [] };
  }

  #unwritten(read: number, rest: string): Illegal {
    const end = this.#tokens.end(rest, 0);
    const token = (end < 0 ? rest : rest.slice(0, end)).slice(0, 40);
    const isAll = token === this.#text(read);
    return this.#alone(
      read,
      isAll ? "which nobody had written" : `but nobody had written ${token}`,
    );
  }

  /** A write shows twice in one read, or in reads of two epochs. */
  #twice(read: number, write: number): Illegal {
    const { history: h, operations: o } = this.#key;
    const cluster = this.#cluster[write]!;
    const epoch = this.#from.findLastIndex((from) => from <= cluster);
    const what = `${theOperation(h, o.ops[write]!)} of ${this.#name(write)}`;
    if (epoch === this.#longest.length) return this.#alone(read, `so ${what} was applied twice`);
    const other = this.#longest[epoch]!;
    const both = `${this.#read(other)} and ${this.#read(read)}`;
    const sentence = `${both}, so ${what} was applied twice`;
    return { kind: "illegal", core: [other, read], sentence, arrows: [] };
  }

  #disagree(longest: number, read: number): Illegal {
    const both = `${this.#read(longest)} and ${this.#read(read)}`;
    const sentence = `${both}: neither is the beginning of the other`;
    return { kind: "illegal", core: [longest, read], sentence, arrows: [] };
  }
}
