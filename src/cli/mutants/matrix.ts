import { table } from "../table.ts";
import type { Finding } from "./hunt.ts";

/** What `ordeal mutants --json` prints, and reports/baselines/mutants.json holds. */
export type MatrixDocument = {
  /** What makes it again. */
  readonly command: string;
  readonly mutants: readonly Finding[];
  readonly falseAlarms: number;
  readonly cleanSeeds: number;
};

const HEADER = ["row", "mutant", "detector", "median", "worst", "ms", "first to see it"];

/** One line a mutant: which detector, after how many schedules. */
export function matrixTable({ mutants }: MatrixDocument): string {
  return table(HEADER, mutants.map(cells));
}

export function summary({ mutants, falseAlarms, cleanSeeds }: MatrixDocument): string {
  // A bug counts as detected with any of its variants.
  const rows = new Set(mutants.map(({ row }) => row));
  const detected = mutants.filter((mutant) => mutant.detected);
  const found = new Set(detected.map(({ row }) => row));
  return (
    `${detected.length} of ${mutants.length} mutants detected ` +
    `(${found.size} of ${rows.size} bugs); ` +
    `${falseAlarms} false alarms in ${cleanSeeds} schedules of the product as it is`
  );
}

/** The matrix as a Markdown page. */
export function matrixMarkdown(document: MatrixDocument): string {
  const rows = [HEADER, ...document.mutants.map((finding) => cells(finding).map(String))];
  const widths = HEADER.map((_, at) => Math.max(...rows.map((row) => Bun.stringWidth(row[at]!))));
  const line = (row: readonly string[]): string =>
    `| ${row.map((text, at) => text + " ".repeat(widths[at]! - Bun.stringWidth(text))).join(" | ")} |`;
  const [header, ...body] = rows.map(line);
  return [
    "# Detection matrix",
    "",
    `Made by \`${document.command}\`. ${summary(document)}.`,
    "",
    "Each mutant is hunted from several start seeds. `median` and `worst` count the schedules up to",
    "and with the one that gave the alarm; `ms` is the time of all hunts of the mutant; the last column",
    "tells which detector was the first to see it, and in how many hunts. docs/mutants.md explains the",
    "bugs and the detectors.",
    "",
    header,
    line(widths.map((width) => "-".repeat(width))),
    ...body,
    "",
  ].join("\n");
}

function cells(finding: Finding): readonly (string | number)[] {
  const { row, name, detector, schedulesMedian, schedulesWorst, wallMs, detectors } = finding;
  const seen = Object.entries(detectors).map(([id, hunts]) => `${id} ${hunts}`);
  const verdict = finding.detected ? detector! : "NOT DETECTED";
  return [
    row,
    name,
    verdict,
    schedulesMedian ?? "–",
    schedulesWorst ?? "–",
    wallMs,
    seen.join(", "),
  ];
}
