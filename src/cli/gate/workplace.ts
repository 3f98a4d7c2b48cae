import { mkdirSync, rmSync } from "node:fs";
import { type Checkouts, openCheckouts } from "./checkouts.ts";

const EXIT_INTERRUPTED = 130;

/** A reason to abort: somebody ended the gate. */
export class GateInterrupted extends Error {
  override readonly name = "GateInterrupted";
}

/** What a gate leaves nothing of, however it ends but by SIGKILL; the next gate removes that. */
export type Workplace = {
  /** Aborts on Ctrl-C and SIGTERM; the second one does not wait for the processes, which end with us. */
  readonly signal: AbortSignal;
  /** For the data of the runs. */
  readonly workDir: string;
  /** Opens the repository that `dir` is in. */
  checkouts(dir: string): Checkouts;
};

/**
 * Runs `body` with a workplace, and removes it afterwards. Resolves to null, with the exit code set,
 * when somebody ended it.
 */
export async function withWorkplace<T>(
  workDir: string,
  body: (place: Workplace) => Promise<T>,
): Promise<T | null> {
  const abort = new AbortController();
  const opened: Checkouts[] = [];
  const clear = (): void => {
    for (const checkouts of opened.splice(0)) checkouts.remove();
    rmSync(workDir, { recursive: true, force: true });
  };
  const onSignal = (): void => {
    if (abort.signal.aborted) process.exit(EXIT_INTERRUPTED);
    abort.abort(new GateInterrupted());
  };
  // Also when an error ends the process that nobody caught.
  process.on("exit", clear);
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    mkdirSync(workDir, { recursive: true });
    return await body({
      signal: abort.signal,
      workDir,
      checkouts: (dir) => {
        const checkouts = openCheckouts(dir);
        opened.push(checkouts);
        return checkouts;
      },
    });
  } catch (error) {
    if (!(error instanceof GateInterrupted)) throw error;
    console.error("interrupted: every process of the gate is stopped, its checkouts are removed");
    process.exitCode = EXIT_INTERRUPTED;
    return null;
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
    process.off("exit", clear);
    clear();
  }
}
