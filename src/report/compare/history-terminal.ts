import picocolors from "picocolors";
import { moment, plural } from "../format.ts";
import { plain } from "../terminal.ts";
import type { History, Series } from "./history.ts";
import { changeSentence, historyTitle, historyTooFewText, machineText } from "./history-words.ts";
import { sparkline } from "./sparkline.ts";
import { valueText } from "./words.ts";

const COLUMNS = 32;
const LEFT_OUT_MAX = 5;

/** A history in a terminal: a sparkline a metric, and below it each change with its commit. */
export function historyLines(
  history: History,
  { colour }: { readonly colour: boolean },
): readonly string[] {
  const paint = picocolors.createColors(colour);
  const { series, leftOut, reports } = history;
  const width = Math.max(0, ...series.map(({ metric }) => [...metric.name].length));
  const span = reports === 0 ? "" : `, ${moment(history.from)} … ${moment(history.to)}`;
  const few = historyTooFewText(history);
  return [
    `${paint.bold(plain(historyTitle(history)))}  ${plural(reports, "report")}${span}`,
    `  ${paint.dim(plain(machineText(history)))}`,
    ...(few === null ? [] : [`  ${paint.yellow(few)}`]),
    ...series.flatMap((each) => [
      `  ${plain(each.metric.name).padEnd(width)}  ${lineOf(each).padEnd(COLUMNS)}  ${lastOf(each)}`,
      ...each.changes.map((change) => {
        const isWorse = change.direction === "worse";
        const mark = isWorse ? paint.red("✘ worse") : paint.green("✔ better");
        return `    ${mark} ${plain(changeSentence(change, each.metric))}`;
      }),
    ]),
    ...leftOut
      .slice(0, LEFT_OUT_MAX)
      .map(({ runId, why }) => `  ${paint.dim(plain(`left out ${runId}: ${why}`))}`),
    ...(leftOut.length > LEFT_OUT_MAX
      ? [`  ${paint.dim(`and ${leftOut.length - LEFT_OUT_MAX} more`)}`]
      : []),
  ];
}

const lineOf = ({ points }: Series): string =>
  sparkline(
    points.map(({ value }) => value),
    COLUMNS,
  );

const lastOf = ({ points, metric }: Series): string => valueText(points.at(-1)!.value, metric);
