import type { KeyHistory, PathVerdict } from "../path.ts";
import { wronglyRefused } from "./explain.ts";
import { fillGaps } from "./gaps.ts";
import { orderOf } from "./order.ts";
import { isIllegal, type Placed, supported } from "./placed.ts";
import { timesOf, versionsFound } from "./refusals.ts";
import type { Wanted } from "./values.ts";
import { emptyWindow, sinceOf, untilOf } from "./windows.ts";

const NO_VERSIONS = new Int32Array(0);

/**
 * The verdict on a key of which each completed operation has its version, but refused puts that
 * were told none; `wanted` are the values that writes must have had to make the versions. Three
 * questions, each with an exact answer: which pending writes made the versions that no completed
 * write made (gaps.ts); whether versions then have moments (windows.ts); whether refused puts leave
 * them any (moments.ts). Null: another choice of pending writes might have left refused puts some.
 */
export function settle(key: KeyHistory, placed: Placed, wanted: Wanted): PathVerdict {
  const until = untilOf(key, placed);
  const certain = { until, since: sinceOf(placed, placed.writer) };
  const crossed = emptyWindow(key, certain);
  if (crossed !== null) return supported(placed, crossed);
  const filled = fillGaps(key, placed, wanted, until);
  if (isIllegal(filled)) return supported(placed, filled);
  if (placed.blind.length === 0) {
    return { kind: "legal", witness: orderOf(placed, filled.writer, NO_VERSIONS) };
  }
  const windows = { until, since: sinceOf(placed, filled.writer) };
  const timed = timesOf(key, placed, filled, windows);
  if ("kind" in timed) {
    if (timed.ambiguous) return null;
    return supported(placed, wronglyRefused(key, placed, windows, timed));
  }
  const found = versionsFound(key, placed, timed.t);
  return { kind: "legal", witness: orderOf(placed, timed.writer, found) };
}
