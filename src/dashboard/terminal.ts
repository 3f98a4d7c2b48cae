import { renderPlain, renderView, type RunView } from "./view.ts";

/** Shows a run while it runs; `close` leaves the terminal as it was found. */
export type LiveView = {
  update(view: RunView): void;
  /** Safe to call twice. The last picture stays on the screen. */
  close(): void;
};

/** The part of a tty's WriteStream that the view needs. */
export type Screen = {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
};

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
const CLEAR_TO_END = "\x1b[J";
const CLEAR_LINE = "\x1b[K";
const PLAIN_EVERY_MS = 1000;

/** On a terminal, draws in place; elsewhere, writes one plain line a second. */
export function openLiveView(screen: Screen, colors: boolean): LiveView {
  return screen.isTTY === true ? drawInPlace(screen, colors) : plainLines(screen);
}

function drawInPlace(screen: Screen, colors: boolean): LiveView {
  let drawn = 0;
  let open = true;
  const close = (): void => {
    if (!open) return;
    open = false;
    process.removeListener("exit", close);
    screen.write(SHOW_CURSOR);
  };
  // Whatever ends the process (an exception, process.exit), the cursor comes back.
  process.on("exit", close);
  screen.write(HIDE_CURSOR);
  return {
    update: (view) => {
      if (!open) return;
      // A picture taller than the window would scroll at every redraw.
      const rows = Math.max(1, (screen.rows ?? 24) - 1);
      const lines = renderView(view, Math.max(20, screen.columns ?? 80), colors).slice(0, rows);
      const home = drawn === 0 ? "" : `\x1b[${drawn}A\r`;
      screen.write(`${home}${lines.map((line) => line + CLEAR_LINE).join("\n")}\n${CLEAR_TO_END}`);
      drawn = lines.length;
    },
    close,
  };
}

function plainLines(screen: Screen): LiveView {
  let nextMs = 0;
  let phase = "";
  return {
    update: (view) => {
      if (view.phase === phase && view.elapsedMs < nextMs) return;
      phase = view.phase;
      nextMs = view.elapsedMs + PLAIN_EVERY_MS;
      screen.write(`${renderPlain(view)}\n`);
    },
    close: () => {},
  };
}
