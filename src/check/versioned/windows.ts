import type { KeyHistory } from "../path.ts";
import { hadSeen, saw } from "../words.ts";
import { valueName } from "../describe.ts";
import { OP_GET } from "../../kv/command.ts";
import { type Illegal, NOBODY, type Placed } from "./placed.ts";

/**
 * When each version can have begun. Let t_p be the moment at which version p was made. Whatever
 * found or made version p or a newer one had not returned before t_p; whatever made version p or an
 * older one, or found an older one, was called by then:
 *
 *   L_p = max call of the writers of 1 … p and of what found 0 … p − 1  ≤  t_p
 *   U_p = min return of what found or made p, p + 1 …                   ≥  t_p
 *
 * Both rise with p, so t_p = L_p is an order if L_p ≤ U_p for all p; if not, the two operations
 * that give L_p and U_p cannot both be right.
 */
export type Windows = {
  /** By version: the place whose return is U_p, and whose call is L_p; NOBODY: no limit. */
  readonly until: Int32Array;
  readonly since: Int32Array;
};

/** U_p of all versions. O(n). */
export function untilOf({ operations: { ret } }: KeyHistory, { at, top }: Placed): Int32Array {
  const until = new Int32Array(top + 2).fill(NOBODY);
  for (let i = 0; i < at.length; i++) {
    const version = at[i]!;
    if (version < 0) continue;
    const first = until[version]!;
    if (first === NOBODY || ret[i]! < ret[first]!) until[version] = i;
  }
  for (let p = top - 1; p >= 0; p--) {
    const [own, later] = [until[p]!, until[p + 1]!];
    if (own === NOBODY || (later !== NOBODY && ret[later]! < ret[own]!)) until[p] = later;
  }
  return until;
}

/** L_p of all versions and of the next one, by the writers that are known or chosen. O(n). */
export function sinceOf({ at, top }: Placed, writer: Int32Array): Int32Array {
  const since = new Int32Array(top + 2).fill(NOBODY);
  // Places are in order of call: the last one that found a version was called last.
  for (let i = 0; i < at.length; i++) {
    const version = at[i]!;
    if (version >= 0 && writer[version] !== i) since[version + 1] = i;
  }
  let latest = NOBODY;
  for (let p = 1; p <= top + 1; p++) {
    const found = since[p]!;
    if (found > latest) latest = found;
    if (p <= top && writer[p]! > latest) latest = writer[p]!;
    since[p] = latest;
  }
  return since;
}

/** The first version of which the window is empty, as a counterexample; null: there is none. */
export function emptyWindow(key: KeyHistory, { since, until }: Windows): Illegal | null {
  const { call, ret } = key.operations;
  for (let p = 1; p < since.length - 1; p++) {
    const [early, late] = [until[p]!, since[p]!];
    if (late === NOBODY || early === NOBODY || call[late]! <= ret[early]!) continue;
    return {
      kind: "illegal",
      core: [early, late],
      sentence: backwards(key, early, late, p),
      arrows: [
        { before: early, after: late, why: "realTime" },
        { before: late, after: early, why: "value" },
      ],
    };
  }
  return null;
}

function backwards(
  { history: h, operations: { ops } }: KeyHistory,
  early: number,
  late: number,
  version: number,
): string {
  const [first, then] = [ops[early]!, ops[late]!];
  const isRead = h.op[first] === OP_GET;
  if (isRead && h.op[then] !== OP_GET && h.value[first] === h.value[then] && version > 0) {
    const read = `a get by client ${h.process[first]} returned ${valueName(h, first)}`;
    return `${read} before client ${h.process[then]} sent it`;
  }
  return `${saw(h, then)} after ${hadSeen(h, first)}`;
}
