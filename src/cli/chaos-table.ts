import type { RunOutcome } from "../chaos/run.ts";

const HEADER = ["", "scenario", "time", "servers", "frames", "commits", "verdict"];
const WIDTHS = [4, 36, 6, 7, 11, 9, 7];

/** The head of a table of runs, as that of `go test`: a line is printed as soon as its run has ended. */
export const tableHead = (): string => line(HEADER);

/** One run: time is that of the scenario, without what it took to start and to check. */
export function tableRow({ report, commits, frames }: RunOutcome): string {
  const { name, verdict, target, timeline } = report;
  const spanMs = timeline === null ? 0 : timeline.ok.length * timeline.intervalMs;
  return line([
    { pass: "ok", fail: "FAIL", unknown: "?" }[verdict],
    name,
    `${(spanMs / 1000).toFixed(1)} s`,
    String(target.nodes),
    frames === null ? "–" : frames.toLocaleString("en"),
    commits.toLocaleString("en"),
    verdict,
  ]);
}

/** What became of all of them. */
export function tableSummary(outcomes: readonly RunOutcome[], seed: number): string {
  const passed = outcomes.filter(({ report }) => report.verdict === "pass").length;
  const word = passed === outcomes.length ? "PASS" : "NOT ALL PASSED";
  return `\n${word}  ${passed} of ${outcomes.length} scenarios passed, seed ${seed}`;
}

/** The first two columns and the last to the left, numbers to the right. */
const line = (cells: readonly string[]): string =>
  cells
    .map((cell, at) =>
      at < 2 || at === cells.length - 1 ? cell.padEnd(WIDTHS[at]!) : cell.padStart(WIDTHS[at]!),
    )
    .join(" ")
    .trimEnd();
