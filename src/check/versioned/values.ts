import { type History, OUTCOME_MISMATCH } from "../../history/op.ts";
import { OP_GET } from "../../kv/command.ts";
import { valueName } from "../describe.ts";
import type { KeyHistory } from "../path.ts";
import { client, isRead } from "../words.ts";
import { type Illegal, NOBODY, type Placed } from "./placed.ts";

/** What must have been written to make each version, by version; version 0 has neither. */
export type Wanted = {
  /** A read that tells it, or NOBODY. */
  readonly reader: Int32Array;
  /** The value (History.values) that the write had for its argument; −1: nobody tells. */
  readonly value: Int32Array;
};

/** Finds one read of each version. Illegal: one version with two values. O(n). */
export function wantedOf(
  { history: h, operations: { ops } }: KeyHistory,
  placed: Placed,
): Wanted | Illegal {
  const { at, writer, top } = placed;
  const reader = new Int32Array(top + 1).fill(NOBODY);
  for (let i = 0; i < at.length; i++) {
    const version = at[i]!;
    const row = ops[i]!;
    if (version <= 0 || h.op[row] !== OP_GET) continue;
    const other = reader[version]!;
    if (other === NOBODY) reader[version] = i;
    else if (h.value[ops[other]!] !== h.value[row]) return twoValues(h, ops, version, other, i);
  }
  for (let p = 1; p <= top; p++) {
    const [read, made] = [reader[p]!, writer[p]!];
    if (read === NOBODY || made === NOBODY) continue;
    if (h.value[ops[read]!] !== h.value[ops[made]!]) return twoValues(h, ops, p, made, read);
  }
  const value = reader.map((read) => (read === NOBODY ? -1 : h.value[ops[read]!]!));
  return { reader, value };
}

function twoValues(
  h: History,
  ops: KeyHistory["operations"]["ops"],
  version: number,
  a: number,
  b: number,
): Illegal {
  const said = (place: number): string => {
    const row = ops[place]!;
    return `${valueName(h, row)} ${isRead(h, row) ? "read" : "put"} by ${client(h, row)}`;
  };
  const sentence = `version ${version} has two values: ${said(a)}, ${said(b)}`;
  return { kind: "illegal", core: [a, b], sentence, arrows: [] };
}

/**
 * Places what told no version by its value, where no two writes have the same: a read of nothing
 * found version 0; another found what the writer of its value made; a write made what a read found.
 * Null: some value does not tell.
 */
export function placeByValue(key: KeyHistory, placed: Placed): Placed | null {
  const { at, untold } = placed;
  if (untold.length === 0) return placed;
  const { history: h, operations: o, traits } = key;
  // By value: an operation that told the version of it.
  const teller = new Map<number, number>();
  for (let i = 0; i < at.length && traits.uniqueValues; i++) {
    const row = o.ops[i]!;
    if (at[i]! > 0 && h.outcome[row] !== OUTCOME_MISMATCH) teller.set(h.value[row]!, i);
  }
  const because = new Map<number, readonly number[]>();
  const known = { ...placed, at: at.slice(), writer: placed.writer.slice(), untold: [], because };
  for (const i of untold) {
    const value = h.value[o.ops[i]!]!;
    if (value < 0) {
      known.at[i] = 0;
      continue;
    }
    const told = teller.get(value);
    if (told === undefined) return null;
    const version = at[told]!;
    known.at[i] = version;
    because.set(i, [told]);
    if (h.op[o.ops[i]!] === OP_GET) continue;
    if (known.writer[version] !== NOBODY) return null;
    known.writer[version] = i;
  }
  return known;
}
