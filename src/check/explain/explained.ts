import { contradicts } from "../contradiction.ts";
import type { Forced, KeyHistory } from "../path.ts";
import type { Limits } from "../search.ts";
import { forcedArrows, shortestCycle } from "./arrows.ts";
import { placesOf, widenedArrows } from "./widen.ts";

/** Rows of the key that contradict each other, and the forced orders between them that do. */
export type Explanation = { readonly core: readonly number[]; readonly arrows: readonly Forced[] };

/**
 * Why the operations of `core` (rows of the key) contradict each other: `known`, if that goes round
 * already, or what the rules conclude, or what widening shows. Operations that no arrow joins are
 * dropped from the core if the others suffice.
 */
export function explained(
  key: KeyHistory,
  core: readonly number[],
  known: readonly Forced[],
  limits: Limits,
): Explanation {
  const arrows = arrowsOf(key, core, known, limits);
  const joined = new Set(arrows.flatMap(({ before, after }) => [before, after]));
  const rest = core.filter((row) => joined.has(row));
  if (rest.length < 2 || rest.length === core.length) return { core, arrows };
  const suffices = contradicts(key, placesOf(key.operations, rest), limits) === true;
  return { core: suffices ? rest : core, arrows };
}

function arrowsOf(
  key: KeyHistory,
  core: readonly number[],
  known: readonly Forced[],
  limits: Limits,
): readonly Forced[] {
  if (shortestCycle(known) !== null) return known;
  const concluded = forcedArrows(key, core);
  if (concluded.length > 0) return concluded;
  const widened = widenedArrows(key, core, limits);
  return widened.length > 0 ? widened : known;
}
