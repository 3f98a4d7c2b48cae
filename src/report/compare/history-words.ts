import { moment, plural } from "../format.ts";
import type { HistoryChange, History, Series } from "./history.ts";
import { HISTORY_MIN } from "./history.ts";
import type { Metric } from "./comparison.ts";
import { changeText, pText, valueText } from "./words.ts";

const COMMIT_SHOWN = 12;

/** `put on ordeal`. */
export const historyTitle = ({ name, target }: History): string => `${name} on ${target}`;

/** `−18.2 % (61,509/s → 50,300/s) at 3fa9c2d01b22, after 1b6b41a8d9e0, 2025-11-21 02:44, p < 0.001`. */
export const changeSentence = (change: HistoryChange, metric: Metric): string => {
  const levels = `${valueText(change.before, metric)} → ${valueText(change.after, metric)}`;
  const where = `at ${shortCommit(change.commit)}, after ${shortCommit(change.commitBefore)}`;
  const p = pText(change.p);
  const when = moment(change.startedAt).slice(0, "2025-11-21 02:44".length);
  return `${changeText(change.estimate, metric)} (${levels}) ${where}, ${when}, p ${/^</.test(p) ? p : `= ${p}`}`;
};

export const shortCommit = (commit: string): string => commit.slice(0, COMMIT_SHOWN);

/** Why no change points are looked for, or null. */
export const tooFewText = ({ points }: Pick<Series, "points">): string | null =>
  points.length >= HISTORY_MIN
    ? null
    : `${plural(points.length, "report")}, fewer than ${HISTORY_MIN}: no change points are looked for`;

/** The same of a whole history: null as soon as one metric has enough. */
export function historyTooFewText({ series }: Pick<History, "series">): string | null {
  const longest = series.toSorted((a, b) => b.points.length - a.points.length)[0];
  return longest === undefined ? null : tooFewText(longest);
}

/** `AMD EPYC 7R13 Processor, 2 cores, linux x64, kernel 6.8.0, Bun 1.4.5`. */
export const machineText = ({ environment: m }: Pick<History, "environment">): string =>
  `${m.cpu}, ${m.cores} cores, ${m.os}, kernel ${m.kernel}, Bun ${m.bun}`;
