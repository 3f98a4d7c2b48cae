import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../lib/user-error.ts";
import { type Checkouts, openCheckouts } from "./checkouts.ts";
import { isAlive } from "./git.ts";

const EXIT_INTERRUPTED = 130;
const WORK_DIR = /^\.gate-(\d+)$/;

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
 * Runs `body` with a workplace below `reports`, and removes it afterwards. Resolves to null, with the
 * exit code set, when somebody ended it.
 */
export async function withWorkplace<T>(
  reports: string,
  body: (place: Workplace) => Promise<T>,
): Promise<T | null> {
  const workDir = join(reports, `.gate-${process.pid}`);
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
    makeWorkDir(reports, workDir);
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

/** Throws UserError when it cannot be made. Removes those of gates that were killed. */
function makeWorkDir(reports: string, workDir: string): void {
  try {
    mkdirSync(workDir, { recursive: true });
  } catch (error) {
    const fix = "choose a directory that you may write to";
    const what = (error as Error).message;
    throw new UserError("cannot run the gate", [{ where: "--reports", what, fix }]);
  }
  for (const name of readdirSync(reports)) {
    const pid = WORK_DIR.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    rmSync(join(reports, name), { recursive: true, force: true });
  }
}
