import type { Screen } from "../../dashboard/terminal.ts";
import { speedOf, type Tally } from "./tally.ts";

const BAR_CELLS = 30;
const DRAW_EVERY_MS = 100;

export type Progress = { update(tally: Tally): void; close(): void };

/** A bar on a terminal, redrawn in place; elsewhere nothing: the summary says it all. */
export function openProgress(screen: Screen, total: number): Progress {
  if (screen.isTTY !== true) return { update: () => {}, close: () => {} };
  let drawnAt = -Infinity;
  return {
    update(tally) {
      if (tally.wallMs - drawnAt < DRAW_EVERY_MS) return;
      drawnAt = tally.wallMs;
      screen.write(`\r${barLine(tally, total).slice(0, (screen.columns ?? 80) - 1)}\x1b[K`);
    },
    close: () => void screen.write("\r\x1b[K"),
  };
}

/** `███████░░░░  312/1000 schedules · 540 simulated s/s · 35 s left` */
export function barLine(tally: Tally, total: number): string {
  const { schedules, wallMs } = tally;
  const full = Math.floor((schedules / total) * BAR_CELLS);
  const bar = "█".repeat(full) + "░".repeat(BAR_CELLS - full);
  const leftS = Math.ceil(((wallMs / Math.max(1, schedules)) * (total - schedules)) / 1000);
  const speed = speedOf(tally).simulatedPerSecond;
  return `${bar}  ${schedules}/${total} schedules · ${speed} simulated s/s · ${leftS} s left`;
}
