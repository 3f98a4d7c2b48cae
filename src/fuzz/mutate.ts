import type { Prng } from "../lib/prng.ts";

/** Longer inputs find nothing that these do not, and take longer. */
export const INPUT_BYTES_MAX = 64 << 10;
const CHANGES_MAX = 6;

/** Where lengths and counts go wrong. */
const EXTREMES: readonly number[] = [
  ...[0, 1, 2, 7, 8, 13, 14, 15, 127, 128, 255, 256, 4095, 4096, 4097, 65_535, 65_536],
  ...[2 ** 20, 2 ** 23, 2 ** 23 + 1, 2 ** 24, 2 ** 24 + 1, 2 ** 30, 2 ** 31 - 1, 2 ** 31],
  ...[2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53],
];
const TEXT_EXTREMES: readonly string[] = [
  ...[
    "-1",
    "0",
    "9999999999999999999999",
    "1e999",
    "-0",
    "1.5",
    "null",
    "{}",
    "[]",
    '""',
    "\u0000",
  ],
  ...[
    "\r\n",
    "\n",
    '"',
    "\\",
    "\\u0000",
    "\\ud800",
    "\ufeff",
    "%00",
    "%",
    "__proto__",
    "../",
    "*",
    "$",
  ],
  ...[
    "[[[[[[[[",
    "{".repeat(40),
    "&a [*a]",
    "!!binary x",
    "<<: *a",
    "'''",
    "1979-05-27",
    "nan",
    "inf",
  ],
];
const utf8 = new TextEncoder();

/** A hostile version of `input`: a few changes, each of a kind that is drawn. `others` lend their parts. */
export function mutate(input: Uint8Array, prng: Prng, others: readonly Uint8Array[]): Uint8Array {
  let bytes: Uint8Array = input.slice();
  for (let left = prng.between(1, CHANGES_MAX); left > 0; left--) {
    bytes = prng.pick(CHANGES)(bytes, prng, others);
    if (bytes.length > INPUT_BYTES_MAX) bytes = bytes.slice(0, INPUT_BYTES_MAX);
  }
  return bytes;
}

type Change = (bytes: Uint8Array, prng: Prng, others: readonly Uint8Array[]) => Uint8Array;

/** `bytes[from, to)` replaced. */
function replaced(bytes: Uint8Array, from: number, to: number, by: Uint8Array): Uint8Array {
  const out = new Uint8Array(from + by.length + bytes.length - to);
  out.set(bytes.subarray(0, from));
  out.set(by, from);
  out.set(bytes.subarray(to), from + by.length);
  return out;
}

/** A part of `bytes`, short ones more often; null: there are none. */
function part(bytes: Uint8Array, prng: Prng): readonly [from: number, to: number] {
  const from = prng.below(bytes.length + 1);
  const most = prng.chance(0.8) ? 32 : bytes.length;
  return [from, Math.min(bytes.length, from + prng.below(most + 1))];
}

const flip: Change = (bytes, prng) => {
  if (bytes.length > 0) bytes[prng.below(bytes.length)]! ^= 1 << prng.below(8);
  return bytes;
};

const setByte: Change = (bytes, prng) => {
  if (bytes.length > 0)
    bytes[prng.below(bytes.length)] = prng.pick([0, 1, 0x7f, 0x80, 0xff, prng.below(256)]);
  return bytes;
};

/** A number of 1, 2, 4 or 8 bytes set to an extreme, or a little more or less than it was. */
const setNumber: Change = (bytes, prng) => {
  const size = prng.pick([1, 2, 4, 8]);
  if (bytes.length < size) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const at = prng.below(bytes.length - size + 1);
  const extreme = prng.pick(EXTREMES);
  if (size === 8 && prng.chance(0.3))
    view.setFloat64(at, prng.pick([-1, NaN, Infinity, 0.5, extreme]), true);
  else if (size === 8) view.setBigUint64(at, BigInt(extreme), true);
  else if (size === 4) {
    const near = view.getUint32(at, true) + prng.between(-2, 2);
    view.setUint32(at, prng.chance(0.5) ? extreme : near, true);
  } else if (size === 2) view.setUint16(at, extreme, true);
  else bytes[at]! += prng.between(-2, 2);
  return bytes;
};

/** Digits replaced by another number, as texts have their lengths. */
const setDigits: Change = (bytes, prng) => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  const numbers = [...text.matchAll(/\d+/g)];
  if (numbers.length === 0) return bytes;
  const { index, 0: digits } = prng.pick(numbers);
  return replaced(bytes, index, index + digits.length, utf8.encode(String(prng.pick(EXTREMES))));
};

const insertText: Change = (bytes, prng) => {
  const [from, to] = part(bytes, prng);
  return replaced(bytes, from, prng.chance(0.5) ? from : to, utf8.encode(prng.pick(TEXT_EXTREMES)));
};

const truncate: Change = (bytes, prng) => bytes.slice(0, prng.below(bytes.length + 1));

const remove: Change = (bytes, prng) => {
  const [from, to] = part(bytes, prng);
  return replaced(bytes, from, to, new Uint8Array(0));
};

const duplicate: Change = (bytes, prng) => {
  const [from, to] = part(bytes, prng);
  const copies = prng.chance(0.1) ? 40 : 1;
  const copy = new Uint8Array((to - from) * copies);
  for (let i = 0; i < copies; i++) copy.set(bytes.subarray(from, to), i * (to - from));
  return replaced(bytes, to, to, copy);
};

const move: Change = (bytes, prng) => {
  const [from, to] = part(bytes, prng);
  const moved = bytes.slice(from, to);
  const rest = replaced(bytes, from, to, new Uint8Array(0));
  const at = prng.below(rest.length + 1);
  return replaced(rest, at, at, moved);
};

/** The head of this one and the tail of another, or a part of another within this one. */
const splice: Change = (bytes, prng, others) => {
  const other = prng.pick(others);
  const [from, to] = part(other, prng);
  if (prng.chance(0.5))
    return replaced(bytes, prng.below(bytes.length + 1), bytes.length, other.subarray(from));
  const at = prng.below(bytes.length + 1);
  return replaced(bytes, at, Math.min(bytes.length, at + to - from), other.subarray(from, to));
};

const append: Change = (bytes, prng, others) =>
  replaced(bytes, bytes.length, bytes.length, prng.pick(others));

const CHANGES: readonly Change[] = [
  ...[flip, flip, setByte, setNumber, setNumber, setDigits, insertText],
  ...[truncate, remove, duplicate, move, splice, append],
];

/** Cuts `bytes` anywhere, as a network does; often into single bytes. */
export function* chunksOf(bytes: Uint8Array, prng: Prng): Generator<Uint8Array> {
  const most = prng.pick([1, 7, 64, Math.max(1, bytes.length)]);
  for (let at = 0; at < bytes.length;) {
    const to = Math.min(bytes.length, at + prng.between(1, most));
    yield bytes.slice(at, to);
    at = to;
  }
}
