import { refutedInAnyOrder } from "../contradiction.ts";
import type { Forced, KeyHistory } from "../path.ts";

/**
 * The contradiction in a core (rows of the key) that no rule explains, found by widening: let an
 * operation of it be called earlier, until the core fits some order. What had returned before it,
 * and now overlaps it, is what it had to precede: in real time it came after that, and in every
 * order that fits it comes before. Empty if no single operation can be widened so.
 */
export function widenedArrows(key: KeyHistory, rows: readonly number[]): readonly Forced[] {
  const { ops, call, ret } = key.operations;
  const inCore = new Set(rows);
  const core: number[] = [];
  for (let place = 0; place < ops.length; place++) if (inCore.has(ops[place]!)) core.push(place);
  if (!refutedInAnyOrder(key, core)) return [];
  for (const late of core.toReversed()) {
    const earlier = core.filter((place) => ret[place]! < call[late]!);
    earlier.sort((a, b) => ret[b]! - ret[a]!);
    for (const first of earlier) {
      const widened = call.slice();
      widened[late] = ret[first]!;
      const operations = { ...key.operations, call: widened };
      if (refutedInAnyOrder({ ...key, operations }, core)) continue;
      const [before, after] = [ops[first]!, ops[late]!];
      return [
        { before, after, why: "realTime" },
        { before: after, after: before, why: "value", nowhereElse: true },
      ];
    }
  }
  return [];
}
