import type { Screen } from "../../dashboard/terminal.ts";
import { cells, openBar, type ProgressBar, secondsLeft } from "../progress-bar.ts";

export type Done = {
  readonly runs: number;
  readonly failures: number;
  readonly total: number;
  readonly wallMs: number;
};

export const openProgress = (screen: Screen): ProgressBar<Done> => openBar(screen, barLine);

/** `███████░░░░  312/1000 cuts · 0 failures · 35 s left` */
export function barLine({ runs, failures, total, wallMs }: Done): string {
  const leftS = secondsLeft(runs, total, wallMs);
  return `${cells(runs, total)}  ${runs}/${total} cuts · ${failures} failures · ${leftS} s left`;
}
