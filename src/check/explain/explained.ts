import type { Forced, KeyHistory } from "../path.ts";
import { forcedArrows, shortestCycle } from "./arrows.ts";
import { widenedArrows } from "./widen.ts";

/**
 * Why the operations of `core` (rows of the key) contradict each other: `known`, if that goes round
 * already, or what the rules conclude, or what widening shows.
 */
export function explained(
  key: KeyHistory,
  core: readonly number[],
  known: readonly Forced[],
): readonly Forced[] {
  if (shortestCycle(known) !== null) return known;
  const concluded = forcedArrows(key.history, key.operations, core);
  if (concluded.length > 0) return concluded;
  const widened = widenedArrows(key, core);
  return widened.length > 0 ? widened : known;
}
