import type { Screen } from "../dashboard/terminal.ts";

const BAR_CELLS = 30;
const DRAW_EVERY_MS = 100;

export type ProgressBar<State> = { update(state: State): void; close(): void };

/**
 * A line on a terminal, redrawn in place a few times a second; elsewhere nothing: the summary says it
 * all.
 */
export function openBar<State extends { readonly wallMs: number }>(
  screen: Screen,
  line: (state: State) => string,
): ProgressBar<State> {
  if (screen.isTTY !== true) return { update: () => {}, close: () => {} };
  let drawnAt = -Infinity;
  return {
    update(state) {
      if (state.wallMs - drawnAt < DRAW_EVERY_MS) return;
      drawnAt = state.wallMs;
      screen.write(`\r${line(state).slice(0, (screen.columns ?? 80) - 1)}\x1b[K`);
    },
    close: () => void screen.write("\r\x1b[K"),
  };
}

/** `███████░░░░`: so many of `total` are done. */
export function cells(done: number, total: number): string {
  const full = Math.floor((done / Math.max(1, total)) * BAR_CELLS);
  return "█".repeat(full) + "░".repeat(BAR_CELLS - full);
}

/** Seconds that the rest takes at the speed so far. */
export const secondsLeft = (done: number, total: number, wallMs: number): number =>
  Math.ceil(((wallMs / Math.max(1, done)) * (total - done)) / 1000);
