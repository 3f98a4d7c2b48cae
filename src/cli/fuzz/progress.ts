import type { Screen } from "../../dashboard/terminal.ts";
import { cells, openBar, type ProgressBar, secondsLeft } from "../progress-bar.ts";
import type { Tally } from "./hunt.ts";
import { perSecond } from "./report.ts";

export const openProgress = (screen: Screen, total: number): ProgressBar<Tally> =>
  openBar(screen, (tally) => barLine(tally, total));

/** `███████░░░░  31,200/100,000 histories · 12,400 a second · 0 wrong · 6 s left` */
export function barLine(tally: Tally, total: number): string {
  const { histories, disagreements } = tally.counts;
  const leftS = secondsLeft(histories, total, tally.wallMs);
  const of = `${histories.toLocaleString("en")}/${total.toLocaleString("en")} histories`;
  const speed = `${perSecond(tally).toLocaleString("en")} a second`;
  return `${cells(histories, total)}  ${of} · ${speed} · ${disagreements} wrong · ${leftS} s left`;
}
