import { unreachable } from "../lib/assert.ts";
import { bytes, count, duration, rate } from "./format.ts";
import type { Figure, FigureUnit } from "./schema.ts";

/** Null: there is no goal. */
export function goalMet({ value, goal }: Pick<Figure, "value" | "goal">): boolean | null {
  if (goal === null) return null;
  return "atMost" in goal ? value <= goal.atMost : value >= goal.atLeast;
}

/** The word that marks a figure, which is never told by colour alone. */
export function goalMark(figure: Pick<Figure, "value" | "goal">): string {
  const met = goalMet(figure);
  return met === null ? "" : met ? "✔ met" : "✘ missed";
}

/** `≤ 1.30×`, `≥ 10,000/s`, or nothing. */
export function goalText({ goal, unit }: Pick<Figure, "goal" | "unit">): string {
  if (goal === null) return "";
  return "atMost" in goal
    ? `≤ ${figureText(goal.atMost, unit)}`
    : `≥ ${figureText(goal.atLeast, unit)}`;
}

/** A value as people read it, with the unit that suits: `1.24×`, `850 µs`, `112,483/s`. */
export function figureText(value: number, unit: FigureUnit): string {
  switch (unit) {
    case "ratio":
      return `${value.toFixed(2)}×`;
    case "ns":
      return value < 1000 ? `${Number(value.toPrecision(3))} ns` : duration(value / 1000);
    case "µs":
      return duration(value);
    case "ms":
      return duration(value * 1_000);
    case "s":
      return duration(value * 1_000_000);
    case "/s":
      return rate(value);
    case "MiB":
      return bytes(value * 2 ** 20);
    case "MiB/s":
      return `${Number(value.toPrecision(3)).toLocaleString("en-US")} MiB/s`;
    case "count":
      return count(value);
    default:
      return unreachable(unit);
  }
}

export type GoalCounts = { readonly met: number; readonly missed: number };

export function countGoals(figures: readonly Figure[]): GoalCounts {
  const marks = figures.map(goalMet);
  const counted = (mark: boolean): number => marks.filter((m) => m === mark).length;
  return { met: counted(true), missed: counted(false) };
}

/** `7 of 8 goals met; missed: recovery of 1,000,000 entries`; nothing when there are none. */
export function goalsText(figures: readonly Figure[]): string {
  const { met, missed } = countGoals(figures);
  if (met + missed === 0) return "";
  const names = figures.filter((figure) => goalMet(figure) === false).map(({ name }) => name);
  const which = names.length === 0 ? "" : `; missed: ${names.join(", ")}`;
  return `${met} of ${met + missed} goals met${which}`;
}
