import type { History } from "../../history/op.ts";
import type { Forced } from "../path.ts";
import { shortestCycle } from "./arrows.ts";
import { proofArrows, type ProofArrow, proofOperations } from "./proof.ts";

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
  return barLines(proofOperations(h, sorted), proofArrows(h, sorted, arrows));
}

/** What is drawn of an operation; `events` as in ProofOperation. */
export type Drawable = {
  readonly process: number;
  readonly text: string;
  readonly events: readonly [call: number, ret: number | null];
};

/** The same of operations as reports keep them, in order of call. */
export function barLines(
  operations: readonly Drawable[],
  arrows: readonly ProofArrow[],
): readonly string[] {
  const labels = operations.map(({ process, text }, i) => {
    const label = `client ${process}  ${text}`;
    return arrows.length === 0 ? label : `${i + 1}  ${label}`;
  });
  const width = Math.max(0, ...labels.map((label) => label.length));
  const drawing = draw(operations, shortestCycle(arrows) ?? []);
  const bars = operations.map((_, i) => `${labels[i]!.padEnd(width)}  ${drawing[i]!}`);
  if (arrows.length === 0) return bars;
  return [
    ...bars,
    "",
    ...arrows.map(({ before, after, text }) => `${before + 1} → ${after + 1}  ${text}`),
  ];
}

type Bar = { readonly from: number; readonly to: number };

/** A line a bar. */
function draw(operations: readonly Drawable[], cycle: readonly ProofArrow[]): readonly string[] {
  const count = operations.reduce((sum, { events }) => sum + (events[1] === null ? 1 : 2), 0);
  const end = count * STEP;
  const bars = operations.map(({ events: [call, ret] }): Bar => ({
    from: call * STEP,
    to: ret === null ? end : Math.max(call + 1, ret) * STEP,
  }));
  const canvas = bars.map(({ from, to }, i) => [
    ..." ".repeat(from),
    "├",
    ..."─".repeat(to - from - 1),
    operations[i]!.events[1] === null ? "…" : "┤",
  ]);
  let beside = end;
  for (const { before, after, why } of cycle) {
    if (why === "realTime" && bars[before]!.to < bars[after]!.from) {
      drawDown(canvas, before, after, bars);
    } else {
      beside += LINE_STEP;
      drawBeside(canvas, before, after, bars, beside);
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
