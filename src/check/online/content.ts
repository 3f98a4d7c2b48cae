/**
 * What a key holds, as the number that a chain of its parts gives: a put is one part, every append
 * adds one. Equal contents have equal digests, so that different digests prove different contents;
 * different contents with one digest (1 in 2^32) only hide a violation from the online checker.
 */
export type Digest = number;

/** Of an absent key, which is also what the first part is added to. */
export const NOTHING: Digest = 0x5bd1_e995 | 0;

/** The argument of no write. */
export const NO_PART = -1;

/** The content `before`, and then the write of `part` (a number ≥ 0) appended to it. */
export function extend(before: Digest, part: number): Digest {
  let hash = Math.imul(before ^ (part | 0), 0x9e37_79b1) ^ Math.floor(part / 0x1_0000_0000);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85eb_ca6b);
  return hash ^ (hash >>> 13);
}

/** What a get returned: a number names one write, −1 nothing, a text several: `v5v9`. */
export type ReadValue = number | string;

const LETTER_V = 0x76;
const DIGIT_0 = 0x30;

export function digestOf(value: ReadValue): Digest {
  if (typeof value === "number") return value < 0 ? NOTHING : extend(NOTHING, value);
  let digest = NOTHING;
  let part = NO_PART;
  for (let i = 0; i < value.length; i++) {
    const letter = value.charCodeAt(i);
    if (letter !== LETTER_V) {
      part = part * 10 + (letter - DIGIT_0);
      continue;
    }
    if (i > 0) digest = extend(digest, part);
    part = 0;
  }
  return extend(digest, part);
}

const PARTS = /^(?:v(?:0|[1-9]\d*))+$/;

/** The write that was the last to change `value`; NO_PART: no write can have left this. */
export function lastPart(value: ReadValue): number {
  if (typeof value === "number") return value;
  return PARTS.test(value) ? Number(value.slice(value.lastIndexOf("v") + 1)) : NO_PART;
}

/** Whether a single put can have left `value`. */
export const isOnePart = (value: ReadValue): boolean =>
  typeof value === "number" || value.lastIndexOf("v") === 0;
