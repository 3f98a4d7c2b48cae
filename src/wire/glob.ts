const STAR = 0x2a;
const ANY = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const BACKSLASH = 0x5c;
const CARET = 0x5e;
const MINUS = 0x2d;

/** What every match of the pattern begins with: it ends before the first byte that is special. */
export function globPrefix(pattern: Uint8Array): Uint8Array {
  let length = 0;
  while (length < pattern.length && !isSpecial(pattern[length]!)) length++;
  return pattern.subarray(0, length);
}

/**
 * Whether all of `text` matches the pattern of SCAN … MATCH: `*`, `?`, `[abc]`, `[^a-z]`, `\` before a byte that
 * is to stand for itself. It takes at most length × length steps.
 */
export function globMatches(pattern: Uint8Array, text: Uint8Array): boolean {
  let p = 0;
  let t = 0;
  /** Where to go on after the last star, if what it took so far turns out to be too little. */
  let starP = -1;
  let starT = 0;
  while (t < text.length) {
    if (pattern[p] === STAR) {
      starP = ++p;
      starT = t;
      continue;
    }
    const next = p < pattern.length ? matchOne(pattern, p, text[t]!) : -1;
    if (next !== -1) {
      p = next;
      t++;
    } else if (starP !== -1) {
      p = starP;
      t = ++starT;
    } else return false;
  }
  while (pattern[p] === STAR) p++;
  return p === pattern.length;
}

/** Where the pattern goes on after the item at `p`, or -1: the byte does not match it. */
function matchOne(pattern: Uint8Array, p: number, byte: number): number {
  const item = pattern[p]!;
  if (item === ANY) return p + 1;
  if (item === OPEN) return matchSet(pattern, p + 1, byte);
  const isEscape = item === BACKSLASH && p + 1 < pattern.length;
  const literal = isEscape ? p + 1 : p;
  return pattern[literal] === byte ? literal + 1 : -1;
}

/** A set that is not closed ends with the pattern. */
function matchSet(pattern: Uint8Array, from: number, byte: number): number {
  const isNegated = pattern[from] === CARET;
  let p = isNegated ? from + 1 : from;
  let isIn = false;
  while (p < pattern.length && pattern[p] !== CLOSE) {
    if (pattern[p] === BACKSLASH && p + 1 < pattern.length) p++;
    const low = pattern[p]!;
    const isRange = pattern[p + 1] === MINUS && p + 2 < pattern.length && pattern[p + 2] !== CLOSE;
    const high = isRange ? pattern[p + 2]! : low;
    if (byte >= Math.min(low, high) && byte <= Math.max(low, high)) isIn = true;
    p += isRange ? 3 : 1;
  }
  return isIn === isNegated ? -1 : Math.min(p + 1, pattern.length);
}

const isSpecial = (byte: number): boolean =>
  byte === STAR || byte === ANY || byte === OPEN || byte === BACKSLASH;
