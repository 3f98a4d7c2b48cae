/** Up to this many, an index fits below a rank in the digits of a number. */
const INDEXES_MAX = 2 ** 22;
/** Steps for each element that insertion may take; then something else is tried. */
const STEPS_PER_ELEMENT = 8;

/**
 * The indexes of `ranks` (0 … 2^31 − 1) by rank. Ranks are mostly spread evenly: so they are put into
 * about as many buckets as there are, in which few are out of order. O(n) then, else O(n log n).
 */
export function indexesByRank(ranks: Int32Array): Int32Array {
  const indexes = byBucket(ranks);
  return insert(ranks, indexes) ? indexes : byNumber(ranks);
}

function byBucket(ranks: Int32Array): Int32Array {
  const count = ranks.length;
  let least = Infinity;
  let most = 0;
  for (let i = 0; i < count; i++) {
    if (ranks[i]! < least) least = ranks[i]!;
    if (ranks[i]! > most) most = ranks[i]!;
  }
  let shift = 0;
  while ((most - least) >> shift > count) shift++;
  const next = new Int32Array(count === 0 ? 0 : ((most - least) >> shift) + 2);
  for (let i = 0; i < count; i++) next[((ranks[i]! - least) >> shift) + 1]!++;
  for (let b = 1; b < next.length; b++) next[b]! += next[b - 1]!;
  const indexes = new Int32Array(count);
  for (let i = 0; i < count; i++) indexes[next[(ranks[i]! - least) >> shift]!++] = i;
  return indexes;
}

/** Sorts indexes that are nearly in order; false, and they are not sorted, if that takes too long. */
function insert(ranks: Int32Array, indexes: Int32Array): boolean {
  let steps = STEPS_PER_ELEMENT * indexes.length;
  for (let i = 1; i < indexes.length; i++) {
    const index = indexes[i]!;
    const rank = ranks[index]!;
    let at = i;
    for (; at > 0 && ranks[indexes[at - 1]!]! > rank; at--) indexes[at] = indexes[at - 1]!;
    indexes[at] = index;
    steps -= i - at;
    if (steps < 0) return false;
  }
  return true;
}

/** Numbers sort natively, several times as fast as by a function: the index is their low digits. */
function byNumber(ranks: Int32Array): Int32Array {
  const count = ranks.length;
  if (count > INDEXES_MAX) {
    const indexes = Int32Array.from(ranks.keys());
    return indexes.sort((a, b) => ranks[a]! - ranks[b]!);
  }
  const keys = Float64Array.from(ranks, (rank, i) => rank * count + i);
  keys.sort();
  return Int32Array.from(keys, (key) => key % count);
}
