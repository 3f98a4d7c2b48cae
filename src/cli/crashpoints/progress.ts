import type { Screen } from "../../dashboard/terminal.ts";

const BAR_CELLS = 30;
const DRAW_EVERY_MS = 100;

export type Done = {
  readonly runs: number;
  readonly failures: number;
  readonly total: number;
  readonly wallMs: number;
};

/** A bar on a terminal, redrawn in place; elsewhere nothing: the table says it all. */
export function openProgress(screen: Screen): { update(done: Done): void; close(): void } {
  if (screen.isTTY !== true) return { update: () => {}, close: () => {} };
  let drawnAt = -Infinity;
  return {
    update(done) {
      if (done.wallMs - drawnAt < DRAW_EVERY_MS) return;
      drawnAt = done.wallMs;
      screen.write(`\r${barLine(done).slice(0, (screen.columns ?? 80) - 1)}\x1b[K`);
    },
    close: () => void screen.write("\r\x1b[K"),
  };
}

/** `███████░░░░  312/1000 cuts · 0 failures · 35 s left` */
export function barLine({ runs, failures, total, wallMs }: Done): string {
  const full = Math.floor((runs / Math.max(1, total)) * BAR_CELLS);
  const bar = "█".repeat(full) + "░".repeat(BAR_CELLS - full);
  const leftS = Math.ceil(((wallMs / Math.max(1, runs)) * (total - runs)) / 1000);
  return `${bar}  ${runs}/${total} cuts · ${failures} failures · ${leftS} s left`;
}
