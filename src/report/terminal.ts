import picocolors from "picocolors";
import { unsafeFsync } from "../lib/fsync.ts";
import { againstLines } from "./against.ts";
import { figureText, goalMark, goalText } from "./figures.ts";
import { duration, rate } from "./format.ts";
import { reproduceCommands } from "./reproduce.ts";
import type { Figure, Report, Verdict } from "./schema.ts";
import {
  countsText,
  failoverText,
  proofLines,
  serviceText,
  VERDICT_WORDS,
  verdictSentence,
} from "./words.ts";

const FAILOVERS_MAX = 12;
const MARKS: Readonly<Record<Verdict, string>> = { pass: "✔", fail: "✘", unknown: "?" };

/** What the summary says besides the report itself. */
export type SummaryOptions = {
  /** Where the page was written, as a person can open it. */
  readonly path: string;
  readonly colour: boolean;
};

/** The lines that end a run in a terminal: verdict, figures, checks, the page, the way to repeat it. */
export function summaryLines(report: Report, options: SummaryOptions): readonly string[] {
  const paint = picocolors.createColors(options.colour);
  const tone = { pass: paint.green, fail: paint.red, unknown: paint.yellow };
  const row = (name: string, text: string): string =>
    `  ${paint.dim(name.padEnd(11))} ${plain(text)}`;
  const verdict = `${MARKS[report.verdict]} ${VERDICT_WORDS[report.verdict].toUpperCase()}`;
  const unsafe = unsafeFsync(report.target.fsync);
  return [
    `${paint.bold(tone[report.verdict](verdict))}  ${paint.bold(plain(`${report.kind} ${report.name}`))}  ${plain(verdictSentence(report))}`,
    ...figureRows(report).map(([name, text]) => row(name, text)),
    ...(report.against === undefined ? [] : againstLines(report.against)).map((line) =>
      line === "" ? "" : `  ${plain(line)}`,
    ),
    ...failoverRows(report).map(([name, text]) => row(name, text)),
    ...(report.probes === undefined ? [] : [row("service", serviceText(report.probes))]),
    ...report.checks.flatMap((check, i) => {
      const mark = tone[check.verdict](MARKS[check.verdict]);
      const name = paint.dim((i === 0 ? "checks" : "").padEnd(11));
      const line = `  ${name} ${mark} ${plain(`${check.name}: ${check.detail}`)}`;
      return [line, ...proofLines(check).map((bar) => `${" ".repeat(16)}${plain(bar)}`.trimEnd())];
    }),
    ...(unsafe === null ? [] : [row("storage", unsafe)]),
    row("report", options.path),
    row("repeat", report.command),
    ...reproduceCommands(report, dirname(options.path)).map(([name, text]) => row(name, text)),
  ];
}

const dirname = (path: string): string => path.replace(/[/\\][^/\\]*$/, "");

type Row = readonly [name: string, text: string];

function figureRows({ loads, figures }: Report): Row[] {
  if (figures !== undefined) return measuredRows(figures);
  if (loads.length === 1) {
    const { throughput, counts, response, void: why } = loads[0]!.result;
    return [
      ["throughput", `${rate(throughput)} acknowledged (${countsText(counts)})`],
      ["latency", latencyText(response)],
      ...(why === null ? [] : [["void", why] as const]),
    ];
  }
  const width = Math.max(0, ...loads.map(({ name }) => name.length));
  return loads.map(({ name, result }, i) => {
    const figures = `${rate(result.throughput).padStart(11)}   ${latencyText(result.response)}`;
    const why = result.void === null ? "" : `   void: ${result.void}`;
    return [i === 0 ? "throughput" : "", `${name.padEnd(width)} ${figures}${why}`] as const;
  });
}

function measuredRows(figures: readonly Figure[]): Row[] {
  const width = Math.max(0, ...figures.map(({ name }) => name.length));
  return figures.map((figure, i) => {
    const value = figureText(figure.value, figure.unit).padStart(12);
    const goal = figure.goal === null ? "" : `   goal ${goalText(figure)}: ${goalMark(figure)}`;
    return [i === 0 ? "figures" : "", `${figure.name.padEnd(width)} ${value}${goal}`];
  });
}

const latencyText = (l: { p50: number; p99: number; p999: number; max: number }): string =>
  `p50 ${duration(l.p50)}   p99 ${duration(l.p99)}   p99.9 ${duration(l.p999)}   max ${duration(l.max)}`;

function failoverRows({ failovers }: Report): Row[] {
  const rows = failovers
    .slice(0, FAILOVERS_MAX)
    .map((f, i): Row => [i === 0 ? "failovers" : "", `${f.fault}: ${failoverText(f)}`]);
  const rest = failovers.length - FAILOVERS_MAX;
  return rest > 0 ? [...rows, ["", `${rest} more in the report`]] : rows;
}

/** A report may come from elsewhere: what it says must not steer the terminal or break the lines. */
export const plain = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ");
