import { OP_APPEND, OP_GET } from "../../kv/command.ts";
import { valueName } from "../describe.ts";
import type { History } from "../../history/op.ts";
import type { Forced, KeyHistory } from "../path.ts";
import { type Illegal, NOBODY } from "../versioned/placed.ts";
import { client, hadSeen, isRead, saw } from "../words.ts";

/** A block of clusters as counterexamples need it. */
export type Block = {
  /** What returned first, and what was called last. */
  readonly first: number;
  readonly last: number;
  /** A read that shows what is in it; NOBODY: a single write. */
  readonly longest: number;
  /** It began when the key did, so that it precedes all others. */
  readonly isBeginning: boolean;
};

/**
 * `after` comes later in its epoch than `before`, as `longest` shows, but returned before it was
 * called. A read shows its epoch itself; nothing precedes the beginning, so that there a write that
 * a read lacks needs no more proof.
 */
export function outOfOrder(
  key: KeyHistory,
  before: number,
  after: number,
  block: Pick<Block, "longest" | "isBeginning">,
): Illegal {
  const { history: h, operations: o } = key;
  const [early, late] = [o.ops[before]!, o.ops[after]!];
  const isShown = isRead(h, late) || (isRead(h, early) && block.isBeginning);
  return {
    kind: "illegal",
    core: [...new Set(isShown ? [after, before] : [after, before, block.longest])],
    sentence: reordered(h, early, late, o.ops[block.longest]!),
    arrows: [
      { before: after, after: before, why: "realTime" },
      { before, after, why: "value" },
    ],
  };
}

function reordered(h: History, early: number, late: number, longest: number): string {
  if (isRead(h, late) && !isRead(h, early)) {
    const read = `a get by ${client(h, late)} returned ${valueName(h, late)}`;
    return `${read} before ${client(h, early)} sent ${valueName(h, early)}`;
  }
  const said = `${saw(h, early)} after ${hadSeen(h, late)}`;
  if (isRead(h, late)) return said;
  if (isRead(h, early)) return `${said}: ${valueName(h, late)} is missing`;
  return `${said}, but ${client(h, longest)} read them the other way round in ${valueName(h, longest)}`;
}

/** Each of two blocks has an operation that returned before one of the other was called. */
export function crossed(key: KeyHistory, a: Block, b: Block): Illegal {
  const { history: h, operations: o } = key;
  const core = new Set([b.first, a.last]);
  // The beginning precedes everything as it is.
  if (!a.isBeginning) core.add(a.first).add(b.last);
  const isShown = (place: number): boolean => h.op[o.ops[place]!] === OP_GET;
  for (const block of [a, b]) {
    const own = [block.first, block.last].filter((i) => core.has(i));
    if (block.longest !== NOBODY && !own.every(isShown)) core.add(block.longest);
  }
  const arrows: Forced[] = [{ before: b.first, after: a.last, why: "realTime" }];
  if (a.isBeginning) arrows.push({ before: a.last, after: b.first, why: "value" });
  else arrows.push({ before: a.first, after: b.last, why: "realTime" });
  return { kind: "illegal", core: [...core], sentence: between(key, a, b), arrows };
}

function between({ history: h, operations: { ops } }: KeyHistory, a: Block, b: Block): string {
  const [last, first] = [ops[a.last]!, ops[b.first]!];
  const said = `${saw(h, last)} after ${hadSeen(h, first)}`;
  if (h.op[first] === OP_APPEND && b.longest === NOBODY && isRead(h, last)) {
    return `${said}: ${valueName(h, first)} is missing`;
  }
  return h.value[last]! < 0 ? said : `${said}, which had replaced it`;
}
