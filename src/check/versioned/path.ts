import type { KeyHistory, PathVerdict } from "../path.ts";
import { isIllegal, placeByVersion, supported } from "./placed.ts";
import { settle } from "./settle.ts";
import { placeByValue, wantedOf } from "./values.ts";

/**
 * Versioned puts, refused ones too, puts without a condition, reads, unknown outcomes: each reply
 * that tells a version places its operation, and what is left to find are the writes that nobody
 * acknowledged and when versions changed. O(n log n), exact; null: the key has deletes (versions
 * come back), appends or compare-and-set, tells no versions, or has a completed operation that
 * neither its version nor its value places.
 *
 * After the optimistic puts of MIT 6.5840; the intervals are those of Gibbons and Korach, "Testing
 * shared memories" (1997), where the order of writes is known.
 */
export function versionedPath(key: KeyHistory): PathVerdict {
  const { traits } = key;
  if (traits.appends || traits.deletes || traits.cas || traits.refusedCas) return null;
  if (!traits.versions && !traits.versionedPuts) return null;
  const told = placeByVersion(key);
  if (isIllegal(told)) return told;
  const placed = placeByValue(key, told);
  if (placed === null) return null;
  const wanted = wantedOf(key, placed);
  if (isIllegal(wanted)) return supported(placed, wanted);
  return settle(key, placed, wanted);
}
