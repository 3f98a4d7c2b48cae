import type { RunOutcome } from "../../chaos/run.ts";
import { readFailedRun } from "./failed-run.ts";
import { Stopped } from "./on-processes.ts";
import { replayRun } from "./replayed.ts";
import { reproduce } from "./reproduce.ts";
import { replayRows, reproductionLines } from "./text.ts";

/** As `ordeal chaos reproduce` has them. */
const OPTIONS = { times: 3, shrinkMs: 60_000, seedsMax: 200 } as const;

/** What follows a run: lines for a terminal, and fields for `--json`. */
export type AfterRun = { readonly lines: readonly string[]; readonly json: object };

const NOTHING: AfterRun = { lines: [], json: {} };

/**
 * Of a run that failed: whether its recordings replay; with `isWhole` all that `chaos reproduce` tries. Null:
 * somebody ended it. Whatever else goes wrong is told, and leaves the verdict what it is.
 */
export async function afterRun(
  { report, dir }: RunOutcome,
  isWhole: boolean,
): Promise<AfterRun | null> {
  // A simulated run is its own reproduction.
  if (report.verdict !== "fail" || report.target.name === "sim") return NOTHING;
  try {
    return isWhole ? await whole(dir) : await replay(dir);
  } catch (error) {
    if (error instanceof Stopped) return null;
    const why = error instanceof Error ? error.message : String(error);
    return { lines: [`  trying it again failed: ${why}`], json: { reproduceError: why } };
  }
}

async function replay(dir: string): Promise<AfterRun> {
  const replayed = await replayRun(dir);
  return replayed.kind === "none" ? NOTHING : { lines: replayRows(replayed), json: { replayed } };
}

async function whole(dir: string): Promise<AfterRun> {
  const reproduction = await reproduce(await readFailedRun(dir), {
    ...OPTIONS,
    now: () => performance.now(),
    say: (text) => console.error(`… ${text}`),
  });
  return { lines: reproductionLines(reproduction), json: { reproduction } };
}
