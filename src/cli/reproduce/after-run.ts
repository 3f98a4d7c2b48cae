import type { RunOutcome } from "../../chaos/run.ts";
import { UserError } from "../../lib/user-error.ts";
import { readFailedRun } from "./failed-run.ts";
import { replayRun } from "./replayed.ts";
import { reproduce } from "./reproduce.ts";
import { replayRows, reproductionLines } from "./text.ts";

/** As `ordeal chaos reproduce` has them. */
export const REPRODUCE_DEFAULTS = { times: 3, shrinkMs: 60_000, seedsMax: 200 } as const;

/** What follows a run that failed: lines for a terminal, and fields for `--json`. */
export type AfterRun = { readonly lines: readonly string[]; readonly json: object };

/**
 * Whether the recordings of a failed run replay; with `isWhole` everything that `chaos reproduce` tries.
 * Null: it did not fail, or there is nothing to replay. Throws Stopped.
 */
export async function afterRun(
  { report, dir }: RunOutcome,
  isWhole: boolean,
): Promise<AfterRun | null> {
  // A simulated run is its own reproduction.
  if (report.verdict !== "fail" || report.target.name === "sim") return null;
  if (isWhole) {
    const found = await reproduce(await readFailedRun(dir), {
      ...REPRODUCE_DEFAULTS,
      now: () => performance.now(),
      say: (text) => console.error(`… ${text}`),
    });
    return { lines: reproductionLines(found), json: { reproduction: found } };
  }
  try {
    const replayed = await replayRun(dir);
    return replayed.kind === "none" ? null : { lines: replayRows(replayed), json: { replayed } };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { lines: [`  ${error.message}`], json: {} };
  }
}
