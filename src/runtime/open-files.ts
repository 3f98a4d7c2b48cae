import { closeSync, openSync, readFileSync } from "node:fs";
import type { Log } from "./logging.ts";

/** Not for clients: for the log, snapshots, peers, the HTTP port and what the runtime opens. */
export const FILES_RESERVED = 512;
/** So few that are left are scarce. */
const SCARCE = 64;
const PROBE_MS = 250;
const UNKNOWN_MAX = 1024;

/** How many files, sockets among them, this process may have open (RLIMIT_NOFILE). */
export function filesMax(): number {
  try {
    const line = /^Max open files\s+(\d+|unlimited)/m.exec(
      readFileSync("/proc/self/limits", "utf8"),
    );
    const max = line?.[1] ?? String(UNKNOWN_MAX);
    return max === "unlimited" ? Infinity : Number(max);
  } catch {
    return UNKNOWN_MAX;
  }
}

/** How many more may be opened, by the number that the next one gets: the lowest that is free. */
function filesLeft(max: number): number {
  try {
    const file = openSync("/dev/null", "r");
    closeSync(file);
    return max - file;
  } catch {
    return 0;
  }
}

export type OpenFilesOptions = {
  readonly log: Log;
  /** Files are scarce: stop taking connections, or go on. */
  readonly onScarce: (isScarce: boolean) => void;
  /** For tests. */
  readonly left?: () => number;
};

/**
 * Watches how many files may still be opened. At the end of them accept() fails with EMFILE over and over, which
 * takes a processor, and the node could open no file of its log: so ports without a limit of their own
 * are closed before, and opened again once there is room.
 */
export class OpenFiles {
  readonly #options: OpenFilesOptions;
  readonly #timer: Timer;
  readonly #max = filesMax();
  #isScarce = false;

  constructor(options: OpenFilesOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.check(), PROBE_MS);
    this.#timer.unref();
  }

  check(): void {
    const left = this.#options.left?.() ?? filesLeft(this.#max);
    // Twice as many to go on: not opened and closed at every connection.
    const isScarce = left < (this.#isScarce ? 2 * SCARCE : SCARCE);
    if (isScarce === this.#isScarce) return;
    this.#isScarce = isScarce;
    const fields = { event: isScarce ? "filesScarce" : "filesEnough", left, max: this.#max };
    if (isScarce) {
      this.#options.log.warn(
        fields,
        "too many open files: takes no HTTP connections until some are closed; raise ulimit -n",
      );
    } else this.#options.log.info(fields, "takes HTTP connections again");
    this.#options.onScarce(isScarce);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
