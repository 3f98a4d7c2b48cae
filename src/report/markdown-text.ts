import { escapeHtml } from "./markup.ts";

/** Markdown for the summary of a CI job, from text that may come from elsewhere. */

/** A table; rows beyond `rowsMax` are only counted. Empty without rows. */
export function markdownTable(
  head: readonly string[],
  align: string,
  rows: readonly (readonly string[])[],
  rowsMax: number,
): string {
  if (rows.length === 0) return "";
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeMarkdown).join(" | ")} |`;
  const more = rows.length > rowsMax ? [`\n${rows.length - rowsMax} more in the report.`] : [];
  return [line(head), align, ...rows.slice(0, rowsMax).map(line), ...more].join("\n");
}

/** Text stays text: no markup, links or HTML from a report, and one line. */
export const escapeMarkdown = (text: string): string =>
  text.replace(/\s+/g, " ").replace(/[\\`*_{}[\]<>|#~&]/g, (char) => `\\${char}`);

/** Lines as they are; the fence is longer than any run of backticks in them. */
export function codeBlock(lines: readonly string[]): string {
  if (lines.length === 0) return "";
  const longest = Math.max(2, ...[...lines.join("\n").matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const text = lines.map((line) => line.replace(/[\r\n]/g, " "));
  return [`${fence}text`, ...text, fence].join("\n");
}

/** A code span, on one line, whose fence is longer than any run of backticks in it. */
export function inlineCode(code: string): string {
  const text = code.replace(/\s+/g, " ");
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `\`${text}\`` : `${fence} ${text} ${fence}`;
}

/** What is folded away until somebody asks; `summary` becomes HTML, so it is escaped as such. */
export const folded = (summary: string, body: string): string =>
  body === ""
    ? ""
    : `<details>\n<summary>${escapeHtml(summary)}</summary>\n\n${body}\n\n</details>`;
