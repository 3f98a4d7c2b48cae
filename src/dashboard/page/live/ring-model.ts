import type { LinkView, NodeView, Role } from "../../live/document.ts";

export type Point = { readonly x: number; readonly y: number };
export type Place = Point & { readonly id: number };

/** A role is never told by colour alone. */
export const ROLE_GLYPHS: Readonly<Record<Role, string>> = {
  leader: "★",
  follower: "",
  candidate: "?",
  preCandidate: "?",
  paused: "‖",
  down: "✕",
};

export const ROLE_WORDS: Readonly<Record<Role, string>> = {
  leader: "leader",
  follower: "follower",
  candidate: "candidate",
  preCandidate: "pre-candidate",
  paused: "paused",
  down: "down",
};

export const NODE_RADIUS = 27;
/** Room for the words below a node. */
const WORDS = 40;
/** … and for the sign above it. */
const SIGN = 26;

/** Where nodes are in a picture of that size: on an ellipse, the first at the top, clockwise. */
export function placesOf(ids: readonly number[], width: number, height: number): readonly Place[] {
  const [cx, cy] = [width / 2, (height - WORDS + SIGN) / 2];
  const rx = Math.max(40, Math.min(width / 2 - 52, height * 0.62));
  const ry = Math.max(40, (height - WORDS - SIGN) / 2 - NODE_RADIUS);
  if (ids.length === 1) return [{ id: ids[0]!, x: cx, y: cy }];
  return ids.map((id, i) => {
    const angle = (2 * Math.PI * i) / ids.length - Math.PI / 2;
    return { id, x: cx + rx * Math.cos(angle), y: cy + ry * Math.sin(angle) };
  });
}

/** How much room the words below nodes have: for all, for the role alone, or for none. */
export function roomFor(places: readonly Place[]): "wide" | "tight" | "dense" {
  const gaps = places.flatMap((a, i) =>
    places.slice(i + 1).map((b) => Math.hypot(a.x - b.x, a.y - b.y)),
  );
  const least = Math.min(...gaps);
  return least < 84 ? "dense" : least < 118 ? "tight" : "wide";
}

/** Nodes on the side of the line from `a` to `b` that has fewer of them; null: all are on one side. */
export function cutOff(places: readonly Place[], a: Point, b: Point): readonly number[] | null {
  const side = ({ x, y }: Point): number => (b.x - a.x) * (y - a.y) - (b.y - a.y) * (x - a.x);
  const left = places.filter((place) => side(place) < 0).map(({ id }) => id);
  const right = places.filter((place) => side(place) >= 0).map(({ id }) => id);
  if (left.length === 0 || right.length === 0) return null;
  return left.length <= right.length ? left : right;
}

/** `{1, 2} | {3, 4, 5}`. */
export function partitionText(cut: readonly number[], all: readonly number[]): string {
  const others = all.filter((id) => !cut.includes(id));
  return `{${cut.join(", ")}} | {${others.join(", ")}}`;
}

/** What stands below the role of a node: `term 3 · voted 2`. */
export function termText({ id, role, term, votedFor }: NodeView): string {
  if (role === "down" || role === "paused") return "–";
  return votedFor > 0 && votedFor !== id ? `term ${term} · voted ${votedFor}` : `term ${term}`;
}

/** What a screen reader says of a node: what is seen, in the same words, and the commit index. */
export function nodeLabel(node: NodeView): string {
  const { id, role, commitIndex } = node;
  if (role === "down" || role === "paused") return `Node ${id} ${ROLE_WORDS[role]}`;
  return `Node ${id} ${ROLE_WORDS[role]} ${termText(node)}, commit index ${commitIndex}`;
}

/** Two nodes and what acts between them. */
export type Pair = {
  readonly a: number;
  readonly b: number;
  /** From a to b, and back; null: a perfect link. */
  readonly there: LinkView | null;
  readonly back: LinkView | null;
};

export function pairsOf(ids: readonly number[], links: readonly LinkView[]): readonly Pair[] {
  const find = (from: number, to: number): LinkView | null =>
    links.find((link) => link.from === from && link.to === to) ?? null;
  return ids.flatMap((a, i) =>
    ids.slice(i + 1).map((b) => ({ a, b, there: find(a, b), back: find(b, a) })),
  );
}

/** What to write on a pair: `✕`, `20 % · 50 ms`, or with an arrow when one direction alone is hit. */
export function pairText({ a, b, there, back }: Pair): string {
  const [one, other] = [linkText(there), linkText(back)];
  if (one === other) return one;
  const arrow = (from: number, to: number, text: string): string[] =>
    text === "" ? [] : [`${from}→${to} ${text}`];
  return [...arrow(a, b, one), ...arrow(b, a, other)].join(", ");
}

function linkText(link: LinkView | null): string {
  if (link === null) return "";
  if (link.cut) return "✕";
  return [
    ...(link.loss > 0 ? [`${Math.round(link.loss * 100)} %`] : []),
    ...(link.delayMs > 0 ? [`${link.delayMs} ms`] : []),
  ].join(" · ");
}

/** The links that begin or end at one of `nodes`; all when none is named. */
export const linksAt = (
  ids: readonly number[],
  nodes: readonly number[],
): readonly { readonly from: number; readonly to: number }[] =>
  ids.flatMap((from) =>
    ids
      .filter((to) => to !== from)
      .filter((to) => nodes.length === 0 || nodes.includes(from) || nodes.includes(to))
      .map((to) => ({ from, to })),
  );

/** The leader of the highest term: a deposed one may not have heard of it yet. */
export function leaderOf(nodes: readonly NodeView[]): NodeView | null {
  const leaders = nodes.filter(({ role }) => role === "leader");
  return leaders.toSorted((a, b) => b.term - a.term)[0] ?? null;
}
