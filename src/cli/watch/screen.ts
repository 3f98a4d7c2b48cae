import type { WriteStream } from "node:tty";

const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";
const CTRL_C = "\x03";
const EXIT_INTERRUPTED = 130;

/** The whole terminal, until q or Ctrl-C; then what stood there before is there again. */
export type FullScreen = {
  /** At most as many lines as there are rows. Overwrites in place, in one write: nothing flickers. */
  draw(lines: readonly string[]): void;
  onResize(redraw: () => void): void;
  readonly isClosed: boolean;
  /** Resolves when the person has asked to end. */
  readonly closed: Promise<void>;
};

export function openScreen(out: WriteStream): FullScreen {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  let isClosed = false;
  const leave = (): void => {
    if (isClosed) return;
    isClosed = true;
    out.write(LEAVE);
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
    process.stdin.pause();
    resolve();
  };
  // Whatever ends the process, the terminal is given back.
  process.on("exit", leave);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => process.exit(EXIT_INTERRUPTED));
  }
  out.write(ENTER);
  listenToKeys(leave);
  return {
    draw: (lines) => {
      if (isClosed) return;
      const text = lines.map((line) => line + CLEAR_LINE).join("\r\n");
      out.write(`${HOME}${text}${CLEAR_BELOW}`);
    },
    onResize: (redraw) => void out.on("resize", redraw),
    get isClosed() {
      return isClosed;
    },
    closed,
  };
}

function listenToKeys(leave: () => void): void {
  const { stdin } = process;
  if (!stdin.isTTY) return;
  stdin.setRawMode(true);
  stdin.on("data", (bytes: Uint8Array) => {
    const keys = new TextDecoder().decode(bytes);
    if (keys.includes(CTRL_C)) process.exit(EXIT_INTERRUPTED);
    if (keys.toLowerCase().includes("q")) leave();
  });
}
