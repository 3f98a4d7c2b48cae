import { type History, OUTCOME_INFO } from "../../history/op.ts";
import { describeOperation } from "../describe.ts";
import type { Forced } from "../path.ts";
import { client } from "../words.ts";
import { shortestCycle } from "./arrows.ts";
import { reasonText } from "./reasons.ts";

/** Columns between two events of a timeline. */
const STEP = 3;
/** Columns between two lines that lead up beside the bars. */
const LINE_STEP = 2;

/**
 * The operations as bars, one a line, in order of call: an event of any of them takes one step, so
 * that what overlaps is seen and how long it took is not. Arrows that form a cycle are drawn: down
 * from the end of what had returned, and dotted beside the bars where values say it. All arrows are
 * told in words below.
 *
 *   1  client 3  get k → v42, version 42  ├──┐◀┄┄┄┄┄┄┄┄╮
 *   2  client 7  get k → v41, version 41     ╰─▶├──┤┄┄┄╯
 *
 *   1 → 2  returned before it was called
 *   2 → 1  version 41 comes before 42
 */
export function timeline(
  h: History,
  rows: readonly number[],
  arrows: readonly Forced[] = [],
): readonly string[] {
  const sorted = rows.toSorted((a, b) => h.call[a]! - h.call[b]!);
  const shown = arrows.filter(({ before, after }) => rows.includes(before) && rows.includes(after));
  const number = (row: number): number => sorted.indexOf(row) + 1;
  const labels = sorted.map((row) => {
    const label = `${client(h, row)}  ${describeOperation(h, row)}`;
    return shown.length === 0 ? label : `${number(row)}  ${label}`;
  });
  const width = Math.max(0, ...labels.map((label) => label.length));
  const drawing = draw(h, sorted, shortestCycle(shown) ?? []);
  const bars = sorted.map((_, i) => `${labels[i]!.padEnd(width)}  ${drawing[i]!}`);
  if (shown.length === 0) return bars;
  const reasons = shown.map(
    (arrow) => `${number(arrow.before)} → ${number(arrow.after)}  ${reasonText(h, arrow)}`,
  );
  return [...bars, "", ...reasons];
}

type Bar = { readonly from: number; readonly to: number };

/** A line a bar. */
function draw(h: History, rows: readonly number[], cycle: readonly Forced[]): readonly string[] {
  const isOpen = (row: number): boolean => h.outcome[row] === OUTCOME_INFO;
  const returns = rows.flatMap((row) => (isOpen(row) ? [] : [h.ret[row]!]));
  const ranks = [...rows.map((row) => h.call[row]!), ...returns].sort((a, b) => a - b);
  const columnOf = (rank: number): number => ranks.indexOf(rank) * STEP;
  const end = ranks.length * STEP;
  const bars = rows.map((row): Bar => ({
    from: columnOf(h.call[row]!),
    to: isOpen(row) ? end : columnOf(h.ret[row]!),
  }));
  const canvas = bars.map(({ from, to }, i) => [
    ..." ".repeat(from),
    "├",
    ..."─".repeat(to - from - 1),
    isOpen(rows[i]!) ? "…" : "┤",
  ]);
  let beside = end;
  for (const { before, after, why } of cycle) {
    const [first, then] = [rows.indexOf(before), rows.indexOf(after)];
    if (why === "realTime") {
      drawDown(canvas, first, then, bars);
    } else {
      beside += LINE_STEP;
      drawBeside(canvas, first, then, bars, beside);
    }
  }
  return canvas.map((line) => Array.from(line, (char) => char ?? " ").join(""));
}

/** From the end of one bar to the beginning of a later one. */
function drawDown(canvas: string[][], first: number, then: number, bars: readonly Bar[]): void {
  const column = bars[first]!.to;
  canvas[first]![column] = "┐";
  for (let i = first + 1; i < then; i++) {
    const there = canvas[i]![column] ?? " ";
    canvas[i]![column] = there === " " ? "│" : there === "─" ? "┼" : there;
  }
  const head = bars[then]!.from - 1;
  const line = canvas[then]!;
  line[column] = line[column] === "│" || line[column] === "╰" ? "├" : "╰";
  for (let x = column + 1; x < head; x++) line[x] = "─";
  line[head] = "▶";
}

/** From bar to bar by way of a column to the right of all of them. */
function drawBeside(
  canvas: string[][],
  first: number,
  then: number,
  bars: readonly Bar[],
  column: number,
): void {
  const [top, bottom] = [Math.min(first, then), Math.max(first, then)];
  for (const i of [top, bottom]) {
    const line = canvas[i]!;
    for (let x = bars[i]!.to + 1; x < column; x++) line[x] ??= "┄";
    line[column] = i === top ? "╮" : "╯";
  }
  canvas[then]![bars[then]!.to + 1] = "◀";
  for (let i = top + 1; i < bottom; i++) canvas[i]![column] = "┊";
}
