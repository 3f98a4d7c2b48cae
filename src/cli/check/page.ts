import { writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { CheckResult } from "../../check/check.ts";
import { beginning } from "../../check/explain/beginning.ts";
import { proofOf } from "../../check/explain/proof.ts";
import type { History } from "../../history/op.ts";
import { UserError } from "../../lib/user-error.ts";
import { renderCheckPage } from "../../report/check-page.ts";
import type { Surroundings } from "../../report/page/window.ts";
import { readReport } from "../../report/write.ts";
import { writeAsked } from "../write-asked.ts";

const WITNESS_SHOWN = 30;
/** What looking for the beginning of a legal order may take: it is only there to be looked at. */
const WITNESS_MS = 1000;
const WITNESS_BYTES = 64 << 20;

export type Checked = {
  readonly file: string;
  readonly history: History;
  readonly result: CheckResult;
  /** How long the check took. */
  readonly ms: number;
  /** The exact command that checks it again. */
  readonly command: string;
};

/**
 * Writes the page of a verdict to `out`. Faults and leaders are drawn in if the report of the run
 * lies beside the history. Throws UserError when the page cannot be written.
 */
export async function writeCheckPage(out: string, checked: Checked): Promise<void> {
  const { file, history, result } = checked;
  const now = (): number => performance.now();
  const limits = { now, deadlineMs: now() + WITNESS_MS, memoryBytes: WITNESS_BYTES };
  const page = renderCheckPage({
    ...checked,
    file: basename(file),
    proof: proofOf(history, result),
    witness: result.kind === "pass" ? beginning(history, WITNESS_SHOWN, limits) : [],
    around: await runAround(file),
  });
  await writeAsked(out, writeFile, page);
}

/** The faults and leaders of the run that recorded `file`; a history from elsewhere has none. */
async function runAround(file: string): Promise<Surroundings> {
  try {
    const { report } = await readReport(join(dirname(file), "report.json"));
    const isOwn = Object.values(report.artifacts).includes(basename(file));
    return { timeline: isOwn ? report.timeline : null, nodes: report.target.nodes };
  } catch (error) {
    if (error instanceof UserError) return { timeline: null, nodes: 0 };
    throw error;
  }
}
