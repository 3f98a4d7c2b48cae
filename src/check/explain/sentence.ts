import type { History } from "../../history/op.ts";
import type { Forced } from "../path.ts";
import { found, hadSeen, isRead, saw } from "../words.ts";
import { shortestCycle } from "./arrows.ts";

/**
 * One sentence for a core (rows) that search found, from the arrows that explain it: `a read by
 * client 7 returned version 41 after client 3 had already read version 42`.
 */
export function coreSentence(
  h: History,
  rows: readonly number[],
  arrows: readonly Forced[],
): string {
  const [a, b] = rows.toSorted((x, y) => h.ret[x]! - h.ret[y]!);
  if (a === undefined || b === undefined) {
    return rows.map((row) => `${saw(h, row)}, which no order of the writes explains`).join("");
  }
  const cycle = shortestCycle(arrows);
  if (cycle !== null) return cycleSentence(h, cycle, arrows);
  if (rows.length === 2 && h.ret[a]! < h.call[b]!) return `${saw(h, b)} after ${hadSeen(h, a)}`;
  return cornered(h, rows);
}

/** What was done too late: after something that should have come later. */
function cycleSentence(h: History, cycle: readonly Forced[], arrows: readonly Forced[]): string {
  const inTime = cycle.filter(({ why }) => why === "realTime");
  const told = inTime.toSorted((x, y) => h.call[y.after]! - h.call[x.after]!);
  const late = told.find(({ after }) => isRead(h, after)) ?? told[0];
  if (late === undefined) return "replies contradict each other about the order of the writes";
  if (cycle.some(({ nowhereElse }) => nowhereElse)) {
    return `${saw(h, late.after)} after ${hadSeen(h, late.before)}${doesNotFit(h, late)}`;
  }
  const grounds = arrows.filter((arrow) => !cycle.includes(arrow));
  return `${saw(h, late.after)} after ${hadSeen(h, late.before)}${cameLater(h, late, grounds)}`;
}

function doesNotFit(h: History, { before, after }: Forced): string {
  const isBack = isRead(h, after) && h.version[after]! < 0 && h.value[after]! >= 0;
  return isBack && h.value[before] !== h.value[after]
    ? `, and no write can have brought ${found(h, after)} back`
    : ", but does not fit after that";
}

/** Values do not say which is newer, as versions do: what follows from other operations does. */
function cameLater(h: History, late: Forced, grounds: readonly Forced[]): string {
  const [old, young] = [found(h, late.after), found(h, late.before)];
  if (h.version[late.before]! >= 0 || old === young || h.value[late.before]! < 0) return "";
  const isGround = ({ before, after }: Forced): boolean =>
    h.value[before] === h.value[late.after] && h.value[after] === h.value[late.before];
  return grounds.some(isGround) && h.value[late.after]! >= 0 ? `, which came after ${old}` : "";
}

/** Nothing shorter can be said: without any one of these operations, the others fit. */
function cornered(h: History, rows: readonly number[]): string {
  const last = rows.reduce((best, row) => {
    if (isRead(h, row) !== isRead(h, best)) return isRead(h, row) ? row : best;
    return h.call[row]! > h.call[best]! ? row : best;
  });
  const others = rows.length === 2 ? "the other operation" : `the other ${rows.length - 1}`;
  return `${saw(h, last)}, which fits no order of ${others}, whatever the other writes did`;
}
