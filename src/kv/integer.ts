/** Longest decimal text of a 64-bit integer: "-9223372036854775808". */
export const INTEGER_BYTES_MAX = 20;

const INTEGER_MIN = -(2n ** 63n);
const INTEGER_MAX = 2n ** 63n - 1n;
const MINUS = 0x2d;
const ZERO = 0x30;

/**
 * The signed 64-bit integer that `bytes[at, at + length)` is in decimal, as Redis has it: no plus sign, no
 * leading zeros, no spaces, no "-0". Null: it is none.
 */
export function parseInteger(bytes: Uint8Array, at: number, length: number): bigint | null {
  if (length < 1 || length > INTEGER_BYTES_MAX) return null;
  const isNegative = bytes[at] === MINUS;
  const first = isNegative ? at + 1 : at;
  const end = at + length;
  if (first === end) return null;
  if (bytes[first] === ZERO && (isNegative || end - first > 1)) return null;
  let value = 0n;
  for (let i = first; i < end; i++) {
    const digit = bytes[i]! - ZERO;
    if (digit < 0 || digit > 9) return null;
    value = value * 10n + BigInt(digit);
  }
  return within(isNegative ? -value : value);
}

/** The sum; null: it takes more than 64 bits. */
export const addIntegers = (a: bigint, b: bigint): bigint | null => within(a + b);

/** Writes `value` in decimal at the start of `out` and returns how many bytes that took. */
export function writeInteger(value: bigint | number, out: Uint8Array): number {
  const text = String(value);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return text.length;
}

const within = (value: bigint): bigint | null =>
  value < INTEGER_MIN || value > INTEGER_MAX ? null : value;
