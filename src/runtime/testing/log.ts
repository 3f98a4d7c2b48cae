import type { Log, LogFields } from "../logging.ts";

/** A log that keeps its lines. */
export type LinesLog = Log & {
  readonly lines: readonly LogFields[];
  /** The `reason` fields of the lines of one event. */
  reasons(event: string): unknown[];
};

export function linesLog(): LinesLog {
  const lines: LogFields[] = [];
  const keep = (fields: LogFields): void => void lines.push(fields);
  const reasons = (event: string): unknown[] =>
    lines.filter((line) => line.event === event).map((line) => line["reason"]);
  return { lines, reasons, info: keep, warn: keep, error: keep };
}
