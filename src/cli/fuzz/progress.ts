import type { Screen } from "../../dashboard/terminal.ts";
import type { Tally } from "./hunt.ts";
import { perSecond } from "./report.ts";

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

/** `███████░░░░  31,200/100,000 histories · 12,400 a second · 0 wrong · 6 s left` */
export function barLine(tally: Tally, total: number): string {
  const { histories, disagreements } = tally.counts;
  const full = Math.floor((histories / total) * BAR_CELLS);
  const bar = "█".repeat(full) + "░".repeat(BAR_CELLS - full);
  const leftS = Math.ceil((tally.wallMs / Math.max(1, histories) / 1000) * (total - histories));
  const of = `${histories.toLocaleString("en")}/${total.toLocaleString("en")} histories`;
  const speed = `${perSecond(tally).toLocaleString("en")} a second`;
  return `${bar}  ${of} · ${speed} · ${disagreements} wrong · ${leftS} s left`;
}
