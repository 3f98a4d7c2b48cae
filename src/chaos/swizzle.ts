import type { Prng } from "../lib/prng.ts";
import type { Action } from "./schedule.ts";

/** Shares of the span: all are clogged by the first, and the first is let go at the second. */
const CLOGGED_BY = 0.4;
const UNCLOGS_FROM = 0.6;

/**
 * Clogs some of the nodes 1 … `nodes` one by one, and unclogs them in another order, both drawn; all
 * is over at `toMs`. FoundationDB's "swizzle-clog", which finds bugs that no single partition does:
 * every state of links between all and none comes about, and messages arrive from each.
 */
export function swizzleActions(
  fromMs: number,
  toMs: number,
  nodes: number,
  random: Prng,
): readonly Action[] {
  const all = Array.from({ length: nodes }, (_, i) => i + 1);
  const some = random.shuffle(all).slice(0, random.between(Math.min(2, nodes), nodes));
  const spanMs = toMs - fromMs;
  const turn = (kind: "clog" | "unclog", id: number, share: number): Action => ({
    atMs: fromMs + share * spanMs,
    fault: { kind, nodes: { kind: "node", id } },
  });
  const clogs = some.map((id, i) => turn("clog", id, (CLOGGED_BY * i) / some.length));
  const unclogs = random
    .shuffle(some)
    .map((id, i) =>
      turn("unclog", id, UNCLOGS_FROM + ((1 - UNCLOGS_FROM) * (i + 1)) / some.length),
    );
  return [...clogs, ...unclogs];
}
