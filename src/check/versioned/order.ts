import { type Placed } from "./placed.ts";

/**
 * The operations in an order in which they can have taken effect: for each version, the write that
 * made it, then all that found it, by call. `found` is by entry of `blind`. O(n): a counting sort.
 */
export function orderOf(placed: Placed, writer: Int32Array, found: Int32Array): Int32Array {
  const { at, blind } = placed;
  const from = new Int32Array(writer.length + 1);
  let j = 0;
  for (let i = 0; i < at.length; i++) {
    if (at[i]! >= 0) from[at[i]! + 1]!++;
    else if (blind[j] === i) from[found[j++]! + 1]!++;
  }
  // Pending writes that made a version are placed nowhere above, as are those that made none.
  for (let p = 1; p < writer.length; p++) if (at[writer[p]!] !== p) from[p + 1]!++;
  for (let p = 1; p <= writer.length; p++) from[p]! += from[p - 1]!;
  const order = new Int32Array(from[writer.length]!);
  for (let p = 1; p < writer.length; p++) order[from[p]!++] = writer[p]!;
  j = 0;
  for (let i = 0; i < at.length; i++) {
    const version = at[i]! >= 0 ? at[i]! : blind[j] === i ? found[j++]! : -1;
    if (version >= 0 && writer[version] !== i) order[from[version]!++] = i;
  }
  return order;
}
