/** Up to this many, an index fits below a rank in the digits of a number. */
const INDEXES_MAX = 2 ** 22;
/** Steps for each element that insertion may take; then something faster is tried. */
const STEPS_PER_ELEMENT = 8;

/**
 * The indexes of `ranks` (0 … 2^31 − 1) by rank, equal ones in order. Ranks mostly come nearly in
 * order, as operations do that are under way together, and insertion then takes a few steps each.
 */
export function indexesByRank(ranks: Int32Array): Int32Array {
  return byInsertion(ranks) ?? byNumber(ranks);
}

/** Null if that takes too long. */
function byInsertion(ranks: Int32Array): Int32Array | null {
  const count = ranks.length;
  const indexes = new Int32Array(count);
  let steps = STEPS_PER_ELEMENT * count;
  for (let i = 0; i < count; i++) {
    const rank = ranks[i]!;
    let at = i;
    for (; at > 0 && ranks[indexes[at - 1]!]! > rank; at--) indexes[at] = indexes[at - 1]!;
    indexes[at] = i;
    steps -= i - at;
    if (steps < 0) return null;
  }
  return indexes;
}

/** Numbers sort natively, several times as fast as by a function: the index is their low digits. */
function byNumber(ranks: Int32Array): Int32Array {
  const count = ranks.length;
  if (count > INDEXES_MAX) {
    const indexes = Int32Array.from(ranks.keys());
    return indexes.sort((a, b) => ranks[a]! - ranks[b]! || a - b);
  }
  const keys = Float64Array.from(ranks, (rank, i) => rank * count + i);
  keys.sort();
  return Int32Array.from(keys, (key) => key % count);
}
